// SPDX-License-Identifier: Apache-2.0
// Files and directories, always relative to a directory descriptor and one plain name.
#include "internal.h"
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

static int copy_name(char copy[static NAME_SIZE], const uint8_t *name, size_t length) {
    if (length >= NAME_SIZE) return -ENAMETOOLONG;
    if (length == 0 || memchr(name, '/', length) != nullptr || memchr(name, 0, length) != nullptr) return -EINVAL;
    if (name[0] == '.' && (length == 1 || (length == 2 && name[1] == '.'))) return -EINVAL;
    memcpy(copy, name, length);
    copy[length] = 0;
    return 0;
}

// MARK: Directories

int cl_directory_open(const char *path) { RETRY(open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)); }

int cl_directory_open_at(int directory, const uint8_t *name, size_t length) {
    NAME(copy, name, length);
    RETRY(openat(directory, copy, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

// A second open description has a position of its own, so that two scans do not disturb each other.
int cl_directory_reopen(int directory) { RETRY(openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)); }

int cl_directory_make(const char *path, uint32_t mode) { RETRY(mkdir(path, mode)); }

int cl_directory_make_at(int directory, const uint8_t *name, size_t length, uint32_t mode) {
    NAME(copy, name, length);
    RETRY(mkdirat(directory, copy, mode));
}

long cl_entries_read(int directory, uint8_t *buffer, size_t size) {
    RETRY(syscall(SYS_getdents64, directory, buffer, size));
}

// The kernel's own layout, see getdents64(2): inode, offset, record length, type, name.
int cl_entry_decode(const uint8_t *buffer, size_t offset, struct cl_entry *entry) {
    const uint8_t *record = buffer + offset;
    uint16_t length;
    memcpy(&length, record + 16, sizeof length);
    const char *name = (const char *)record + 19;
    entry->start = offset + 19;
    entry->length = strlen(name);
    entry->next = offset + length;
    entry->mode = DTTOIF((uint32_t)record[18]);
    return strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

// MARK: Opening

int cl_file_open(int directory, const uint8_t *name, size_t length) {
    NAME(copy, name, length);
    // Looked at before the open, because opening a FIFO lets a waiting writer pass and opening a device may act on it;
    // and again after it, because the name may have changed hands in between.
    struct stat status;
    if (fstatat(directory, copy, &status, AT_SYMLINK_NOFOLLOW) < 0) return -errno;
    if (S_ISLNK(status.st_mode)) return -ELOOP;
    if (!S_ISREG(status.st_mode)) return -EINVAL;
    return regular_only(openat(directory, copy, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
}

int cl_file_create(int directory, const uint8_t *name, size_t length, uint32_t mode, int exclusive, int append) {
    NAME(copy, name, length);
    int flags = O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    if (exclusive) flags |= O_EXCL;
    if (append) flags |= O_APPEND;
    int descriptor;
    do descriptor = openat(directory, copy, flags, mode);
    while (descriptor < 0 && errno == EINTR);
    return exclusive && descriptor >= 0 ? descriptor : regular_only(descriptor);
}

int cl_pipe_make(int directory, const uint8_t *name, size_t length, uint32_t mode) {
    NAME(copy, name, length);
    RETRY(mkfifoat(directory, copy, mode));
}

int cl_pipe_open(int directory, const uint8_t *name, size_t length, int end) {
    NAME(copy, name, length);
    struct stat status;
    if (fstatat(directory, copy, &status, AT_SYMLINK_NOFOLLOW) < 0) return -errno;
    if (S_ISLNK(status.st_mode)) return -ELOOP;
    if (!S_ISFIFO(status.st_mode)) return -EINVAL;
    int access = end == CL_PIPE_READ ? O_RDONLY : end == CL_PIPE_WRITE ? O_WRONLY : O_RDWR;
    int descriptor;
    do descriptor = openat(directory, copy, access | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    while (descriptor < 0 && errno == EINTR);
    if (descriptor < 0) return -errno;
    // The name may have changed hands in between.
    if (fstat(descriptor, &status) == 0 && S_ISFIFO(status.st_mode)) return descriptor;
    close(descriptor);
    return -EINVAL;
}

int cl_path_open(const char *path) { RETRY(open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)); }

int cl_input_open(const char *path) { RETRY(open(path, O_RDONLY | O_NOCTTY | O_CLOEXEC)); }

int cl_memory_file(void) { RETRY(memfd_create("vigil", MFD_CLOEXEC)); }

// MARK: Status

static int64_t nanoseconds(struct timespec time) { return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec; }

static int convert(int result, const struct stat *from, struct cl_status *to) {
    if (result < 0) return -errno;
    *to = (struct cl_status){
        .device = from->st_dev,
        .inode = from->st_ino,
        .links = from->st_nlink,
        .size = from->st_size,
        .modified_nanoseconds = nanoseconds(from->st_mtim),
        .changed_nanoseconds = nanoseconds(from->st_ctim),
        .mode = from->st_mode,
        .owner = from->st_uid,
        .group = from->st_gid,
    };
    return 0;
}

int cl_status_of(int descriptor, struct cl_status *status) {
    struct stat raw;
    return convert(fstat(descriptor, &raw), &raw, status);
}

int cl_status_at(int directory, const uint8_t *name, size_t length, struct cl_status *status) {
    NAME(copy, name, length);
    struct stat raw;
    return convert(fstatat(directory, copy, &raw, AT_SYMLINK_NOFOLLOW), &raw, status);
}

int cl_status_path(const char *path, struct cl_status *status) {
    struct stat raw;
    return convert(stat(path, &raw), &raw, status);
}

int cl_may_change_directory(const char *path) {
    return faccessat(AT_FDCWD, path, R_OK | W_OK | X_OK, AT_EACCESS) < 0 ? -errno : 0;
}

int cl_file_system_magic(const char *path, uint64_t *magic) {
    struct statfs status;
    if (statfs(path, &status) < 0) return -errno;
    *magic = (uint64_t)status.f_type & 0xffffffff;
    return 0;
}

int cl_room(int directory, uint64_t *bytes, uint64_t *files) {
    struct statfs status;
    if (fstatfs(directory, &status) < 0) return -errno;
    *bytes = (uint64_t)status.f_bavail * (uint64_t)status.f_bsize;
    // Some file systems make inodes as they need them, and count none.
    *files = status.f_files == 0 ? UINT64_MAX : (uint64_t)status.f_ffree;
    return 0;
}

long cl_link_target(const char *path, char *buffer, size_t size) { RETRY(readlink(path, buffer, size)); }

// MARK: Names

int cl_rename(int from, const uint8_t *name, size_t length, int to, const uint8_t *new_name, size_t new_length) {
    NAME(old, name, length);
    NAME(new, new_name, new_length);
    RETRY(renameat(from, old, to, new));
}

int cl_rename_exclusive(int from, const uint8_t *name, size_t length, int to, const uint8_t *new_name,
                        size_t new_length) {
    NAME(old, name, length);
    NAME(new, new_name, new_length);
    int result;
    do result = renameat2(from, old, to, new, RENAME_NOREPLACE);
    while (result < 0 && errno == EINTR);
    if (result == 0) return 0;
    if (errno != EINVAL && errno != ENOSYS) return -errno;
    // link(2) refuses a taken name just as well; a crash in between leaves one file under both names.
    if (linkat(from, old, to, new, 0) < 0) return -errno;
    RETRY(unlinkat(from, old, 0));
}

int cl_link(int from, const uint8_t *name, size_t length, int to, const uint8_t *new_name, size_t new_length) {
    NAME(old, name, length);
    NAME(new, new_name, new_length);
    RETRY(linkat(from, old, to, new, 0));
}

int cl_remove(int directory, const uint8_t *name, size_t length) {
    NAME(copy, name, length);
    RETRY(unlinkat(directory, copy, 0));
}

int cl_remove_directory(int directory, const uint8_t *name, size_t length) {
    NAME(copy, name, length);
    RETRY(unlinkat(directory, copy, AT_REMOVEDIR));
}

// MARK: Descriptors

long cl_read(int descriptor, void *buffer, size_t count) { RETRY(read(descriptor, buffer, count)); }

long cl_read_at(int descriptor, void *buffer, size_t count, int64_t offset) {
    RETRY(pread(descriptor, buffer, count, offset));
}

long cl_write(int descriptor, const void *bytes, size_t count) { RETRY(write(descriptor, bytes, count)); }

long cl_write_at(int descriptor, const void *bytes, size_t count, int64_t offset) {
    RETRY(pwrite(descriptor, bytes, count, offset));
}

int cl_rewind(int descriptor) { return lseek(descriptor, 0, SEEK_SET) < 0 ? -errno : 0; }

int cl_truncate(int descriptor, int64_t size) { RETRY(ftruncate(descriptor, size)); }

int cl_sync(int descriptor) { RETRY(fsync(descriptor)); }

// Where it is not supported, the sync that follows does all the work.
void cl_sync_begin(int descriptor) { (void)sync_file_range(descriptor, 0, 0, SYNC_FILE_RANGE_WRITE); }

// Never repeated: Linux has released the number even when it reports an interruption, see close(2).
int cl_close(int descriptor) { return close(descriptor) < 0 && errno != EINTR ? -errno : 0; }

int cl_duplicate(int descriptor) { RETRY(fcntl(descriptor, F_DUPFD_CLOEXEC, 0)); }

int cl_lock(int descriptor, int kind) {
    int operation = kind == CL_LOCK_NONE ? LOCK_UN : (kind == CL_LOCK_SHARED ? LOCK_SH : LOCK_EX) | LOCK_NB;
    RETRY(flock(descriptor, operation));
}

int cl_has_writer(int descriptor) {
    // Whoever opens the file for writing while the lease stands makes the kernel send us a signal: by default SIGIO,
    // which ends the process. SIGURG is ignored by default. See fcntl(2), F_SETLEASE and F_SETSIG.
    if (fcntl(descriptor, F_SETSIG, SIGURG) < 0) return -errno;
    if (fcntl(descriptor, F_SETLEASE, F_RDLCK) < 0) return errno == EAGAIN ? 1 : -errno;
    return fcntl(descriptor, F_SETLEASE, F_UNLCK) < 0 ? -errno : 0;
}
