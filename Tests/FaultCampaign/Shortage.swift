// SPDX-License-Identifier: Apache-2.0
// What can go away under a working daemon, and come back.

import SystemKit
import TestSupport

/// Something that a working daemon is short of for a while.
struct Shortage: Sendable {
    /// How the shortage is brought about.
    enum Means: Sendable {
        /// Calls of these kinds fail with an errno; the bits are those of the shim.
        case failingCalls(errno: Int, kinds: Int)
        /// A small file system in memory in this place below the root, filled with files of this size.
        case fullFileSystem(place: String, options: String, fileBytes: Int)
        /// A limit of the daemon's process, lowered while it works.
        case limit(resource: String)
        /// No control group of the daemon takes another process.
        case processes
        /// The wall clock goes on from elsewhere.
        case clock(seconds: [Int])
        /// Files arrive by a way of which the kernel tells nothing.
        case silence
    }

    let name: String
    let means: Means
    /// What the daemon has to complain of; empty where it cannot know.
    var problems: [String] = []
    /// Whether the page of readiness can be had while it lasts.
    var hasPage = true
    /// Whether the log can be written while it lasts.
    var hasLog = true
    /// Whether the heartbeat can be written while it lasts.
    var hasHeartbeat = false
    /// Whether it is there before the daemon is.
    var isFromTheStart = false

    private static let (open, create, read, write, sync, rename) = (1, 2, 4, 8, 16, 32)
    private static let (unlink, mkdir, link, watch) = (64, 128, 256, 1_024)
    private static let changes = create | write | sync | rename | unlink | mkdir | link

    static let all: [Shortage] = [
        Shortage(name: "eio", means: .failingCalls(errno: 5, kinds: changes), problems: ["disk"]),
        Shortage(name: "quota", means: .failingCalls(errno: 122, kinds: create | write | mkdir), problems: ["disk"]),
        Shortage(name: "read-only", means: .failingCalls(errno: 30, kinds: changes), problems: ["disk"]),
        Shortage(name: "no-rename", means: .failingCalls(errno: 1, kinds: rename | unlink), problems: ["disk"]),
        Shortage(name: "no-sync", means: .failingCalls(errno: 5, kinds: sync), problems: ["disk"]),
        Shortage(name: "unreadable", means: .failingCalls(errno: 13, kinds: open | read), problems: ["inbox", "disk"]),
        Shortage(
            name: "descriptors",
            means: .failingCalls(errno: 24, kinds: open | create),
            problems: ["disk", "inbox"]
        ),
        Shortage(
            name: "watches",
            means: .failingCalls(errno: 28, kinds: watch),
            problems: ["watcher"],
            hasHeartbeat: true,
            isFromTheStart: true
        ),
        Shortage(
            name: "space",
            means: .fullFileSystem(place: "", options: "size=2m", fileBytes: 4_096),
            problems: ["disk"]
        ),
        Shortage(
            name: "inodes",
            means: .fullFileSystem(place: "", options: "size=8m,nr_inodes=400", fileBytes: 0),
            problems: ["disk"]
        ),
        Shortage(
            name: "space-for-results",
            means: .fullFileSystem(place: "results", options: "size=256k", fileBytes: 4_096),
            problems: ["disk"],
            hasHeartbeat: true
        ),
        Shortage(name: "file-size", means: .limit(resource: "fsize"), problems: ["disk"], hasLog: false),
        Shortage(name: "file-table", means: .limit(resource: "nofile"), problems: ["disk", "inbox"], hasPage: false),
        Shortage(name: "processes", means: .processes, problems: ["start"], hasHeartbeat: true),
        Shortage(name: "clock-forward", means: .clock(seconds: [10_800, 400_000])),
        Shortage(name: "clock-back", means: .clock(seconds: [-10_800, -1_700_000_000])),
        Shortage(name: "silence", means: .silence),
    ]

    /// Why it cannot be brought about here; nil when it can.
    func obstacle(_ laboratory: Laboratory) async throws -> String? {
        switch means {
        case .failingCalls, .clock: return nil
        case .limit:
            return try await laboratory.succeeds("prlimit", "--version") ? nil : "prlimit is not there"
        case .fullFileSystem, .silence, .processes:
            if SystemInfo.effectiveUserID != 0 { return "only root can mount" }
            if case .processes = means {
                return try await laboratory.succeeds("test", "-w", "\(Self.processGroups)/cgroup.procs")
                    ? nil : "there is no controller of process numbers at \(Self.processGroups)"
            }
            let place = try laboratory.makeDirectory("mount").path
            let type: String
            if case .silence = means { type = "overlay" } else { type = "tmpfs" }
            guard try await Self.canMount(type, at: place, laboratory) else { return "no \(type) can be mounted" }
            return nil
        }
    }

    private static func canMount(_ type: String, at place: String, _ laboratory: Laboratory) async throws -> Bool {
        let isMounted =
            type == "tmpfs"
            ? try await laboratory.succeeds("mount", "-t", "tmpfs", "none", place)
            : try await mountOverlay(at: place, laboratory)
        guard isMounted else { return false }
        return try await laboratory.succeeds("umount", place)
    }

    /// Mounts an overlay at a directory, with its layers beside it.
    static func mountOverlay(at place: String, _ laboratory: Laboratory) async throws -> Bool {
        let layers = ["lower", "upper", "work"].map { "\(place)-\($0)" }
        for layer in layers { _ = try Directory.create(layer) }
        let options = "lowerdir=\(layers[0]),upperdir=\(layers[1]),workdir=\(layers[2])"
        return try await laboratory.succeeds("mount", "-t", "overlay", "none", "-o", options, place)
    }

    static let processGroups = "/sys/fs/cgroup/pids"
}
