// SPDX-License-Identifier: Apache-2.0
// Hints about changes in directories, by inotify.

import CLinux

/// What happened in a watched directory.
///
/// A hint, not a fact: by the time it arrives, more may have happened.
package enum DirectoryEvent: Hashable, Sendable {
    /// A file was closed after writing, or renamed into the directory: it may be complete.
    case settled(FileName)
    /// A name appeared: a file that is going to be written, a link to a complete one, or a directory.
    case appeared(FileName)
    /// A name is gone: deleted, or renamed to elsewhere.
    case vanished(FileName)
    /// Events were lost. Told to every watch; only a scan says what there is now.
    case overflow
    /// The directory itself was deleted, renamed, or unmounted.
    ///
    /// The kernel tells a deletion only when nobody has the directory open any more, and then removes the watch. Who
    /// holds a ``Directory`` learns of its deletion from ``Directory/isOnPath()``, asked from time to time or when a
    /// watch of the directory above tells that the name vanished.
    case gone
}

/// Names one watch of a ``DirectoryWatcher``.
package struct WatchID: Hashable, Sendable {
    let number: UInt64
}

/// Watches directories on a reactor, all by one inotify instance, of which a user has only 128 by default.
///
/// File systems that change without this kernel's doing (NFS, FUSE, the layers of an overlay) give no events, so that
/// a scan now and then is needed in any case.
package final class DirectoryWatcher: Sendable {
    private enum Handler {
        case changes(@Sendable (DirectoryEvent) -> Void)
        case writes(@Sendable (FileName) -> Void)
    }

    private struct Watch {
        let id: WatchID
        let handler: Handler
    }

    /// Unchecked because only the loop's thread touches it, as `preconditionOnLoop` ensures.
    private final class State: @unchecked Sendable {
        /// By the kernel's number, which is the same for all watches of one directory.
        var watches: [Int32: [Watch]] = [:]
        var nextNumber: UInt64 = 0
    }

    private let reactor: Reactor
    private let inotify: OwnedDescriptor
    private let state = State()

    /// Opens an inotify instance and watches it: inotify_init1(2).
    ///
    /// Loop thread only.
    /// - Throws: ``Errno/tooManyOpenFiles`` when the user's instances are used up.
    package init(reactor: Reactor) throws(SystemCallError) {
        self.reactor = reactor
        inotify = OwnedDescriptor(adopting: try check(cl_watch_create(), "inotify_init1"))
        // The watcher is kept by the reactor until `stop()`.
        try reactor.watch(inotify.rawValue, for: .read) { _ in self.readEvents() }
    }

    /// Ends all watches and lets go of the reactor.
    ///
    /// Loop thread only.
    package func stop() {
        reactor.unwatch(inotify.rawValue)
        for watch in state.watches.keys { _ = cl_watch_remove(inotify.rawValue, watch) }
        state.watches = [:]
    }

    /// Begins to watch an open directory, whatever its path leads to by now.
    ///
    /// Loop thread only. Changes from this call on are told, so a scan after it misses nothing. A directory may be watched several times;
    /// every handler gets every event.
    /// - Parameters:
    ///   - directory: Which; it need not stay open.
    ///   - movesAway: Whether this watch needs to hear of names that are renamed to elsewhere. They are told all the same
    ///     when another watch of the directory does.
    ///   - handler: Called on the loop. It may add and remove watches.
    /// - Returns: The name to remove the watch by.
    /// - Throws: ``Errno/noSpace`` when the user's watches are used up, see inotify(7).
    package func add(
        _ directory: Directory,
        movesAway: Bool = true,
        _ handler: @escaping @Sendable (DirectoryEvent) -> Void
    ) throws(SystemCallError) -> WatchID {
        reactor.preconditionOnLoop()
        return remember(
            .changes(handler),
            of: try kernelWatch({ cl_watch_add($0, $1, movesAway ? 1 : 0) }, directory)
        )
    }

    /// Begins to report writes to the files of an open directory, as long as they go on.
    ///
    /// Loop thread only. Writes are told in addition to what ``add(_:movesAway:_:)`` reports, and only here: a file that is written
    /// to all the time causes many events. Several writes in a row may be one event. Lost events are told to the
    /// handlers of ``add(_:movesAway:_:)`` alone, as ``DirectoryEvent/overflow``.
    /// - Parameters:
    ///   - directory: Which; it need not stay open.
    ///   - handler: Called on the loop with the name of a file that was written to, or cut to another length.
    /// - Returns: The name to remove the watch by.
    /// - Throws: ``Errno/noSpace`` when the user's watches are used up, see inotify(7).
    package func watchWrites(
        in directory: Directory,
        _ handler: @escaping @Sendable (FileName) -> Void
    ) throws(SystemCallError) -> WatchID {
        reactor.preconditionOnLoop()
        return remember(.writes(handler), of: try kernelWatch(cl_watch_add_writes, directory))
    }

    private func kernelWatch(
        _ call: (Int32, Int32) -> Int32,
        _ directory: Directory
    ) throws(SystemCallError) -> Int32 {
        try check(call(inotify.rawValue, directory.descriptor), "inotify_add_watch", directory.path)
    }

    private func remember(_ handler: Handler, of watch: Int32) -> WatchID {
        let id = WatchID(number: state.nextNumber)
        state.nextNumber += 1
        state.watches[watch, default: []].append(Watch(id: id, handler: handler))
        return id
    }

    /// Ends one watch: its handler is not called again.
    ///
    /// Loop thread only.
    package func remove(_ id: WatchID) {
        reactor.preconditionOnLoop()
        guard let watch = state.watches.first(where: { $0.value.contains { $0.id == id } })?.key else { return }
        state.watches[watch]?.removeAll { $0.id == id }
        guard state.watches[watch]?.isEmpty == true else { return }
        state.watches[watch] = nil
        // Fails when the directory is gone already; the kernel has then removed the watch.
        _ = cl_watch_remove(inotify.rawValue, watch)
    }

    // MARK: - Events

    private func readEvents() {
        unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 32768) { buffer in
            guard let address = buffer.baseAddress else { return }
            let filled = unsafe cl_read(inotify.rawValue, address, buffer.count)
            var offset = 0
            while offset < filled {
                var event = cl_watch_event()
                unsafe cl_watch_decode(address, offset, &event)
                let name = unsafe UnsafeBufferPointer(start: address + event.start, count: event.length)
                deliver(event, unsafe FileName(bytes: name))
                offset = event.next
            }
        }
    }

    private func deliver(_ event: cl_watch_event, _ name: FileName) {
        switch Int(event.kind) {
        case CL_WATCH_SETTLED: tell(state.watches[event.watch], .settled(name), at: event.watch)
        case CL_WATCH_APPEARED: tell(state.watches[event.watch], .appeared(name), at: event.watch)
        case CL_WATCH_VANISHED: tell(state.watches[event.watch], .vanished(name), at: event.watch)
        case CL_WATCH_GONE: tell(state.watches[event.watch], .gone, at: event.watch)
        case CL_WATCH_WRITTEN:
            forEach(state.watches[event.watch], at: event.watch) { handler in
                if case .writes(let handler) = handler { handler(name) }
            }
        case CL_WATCH_OVERFLOW:
            for (watch, watches) in state.watches { tell(watches, .overflow, at: watch) }
        default: break
        }
    }

    private func tell(_ watches: [Watch]?, _ event: DirectoryEvent, at number: Int32) {
        forEach(watches, at: number) { handler in
            if case .changes(let handler) = handler { handler(event) }
        }
    }

    private func forEach(_ watches: [Watch]?, at number: Int32, _ body: (Handler) -> Void) {
        for watch in watches ?? [] {
            // A handler before this one may have ended the watch.
            guard state.watches[number]?.contains(where: { $0.id == watch.id }) == true else { continue }
            body(watch.handler)
        }
    }
}
