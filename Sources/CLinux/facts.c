// SPDX-License-Identifier: Apache-2.0
// Clocks, limits, and other facts about this machine and process.
#include "internal.h"
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>

static int64_t nanoseconds(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t cl_clock_wall_milliseconds(void) { return nanoseconds(CLOCK_REALTIME) / 1000000; }
int64_t cl_clock_boot_nanoseconds(void) { return nanoseconds(CLOCK_BOOTTIME); }

int cl_clock_local_offset(int64_t seconds) {
    // localtime_r(3) need not read TZ.
    tzset();
    time_t time = seconds;
    struct tm local;
    return localtime_r(&time, &local) ? (int)local.tm_gmtoff : 0;
}

int64_t cl_clock_cpu_nanoseconds(void) { return nanoseconds(CLOCK_PROCESS_CPUTIME_ID); }

const char *cl_error_text(int error) { return strerrordesc_np(error); }

int cl_process_id(void) { return getpid(); }
uint32_t cl_effective_user_id(void) { return geteuid(); }
int cl_thread_id(void) { return (int)syscall(SYS_gettid); }
long cl_page_size(void) { return sysconf(_SC_PAGESIZE); }

long cl_descriptor_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0) return -errno;
    return limit.rlim_cur > INT32_MAX ? INT32_MAX : (long)limit.rlim_cur;
}

int cl_host_name(char *buffer, size_t size) { return gethostname(buffer, size) < 0 ? -errno : 0; }

int cl_is_terminal(int descriptor) { return isatty(descriptor); }

int cl_terminal_columns(int descriptor) {
    struct winsize size = {0};
    return ioctl(descriptor, TIOCGWINSZ, &size) < 0 ? -errno : size.ws_col;
}

char *const *cl_environment(void) { return environ; }
