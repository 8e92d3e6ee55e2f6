// SPDX-License-Identifier: Apache-2.0
// Waiting for descriptors to become readable or writable.

import CLinux

/// What to wait for; hang-ups and errors are always told.
package struct Interest: OptionSet, Hashable, Sendable {
    /// The bits of epoll_ctl(2).
    package let rawValue: UInt32

    /// Wraps bits.
    package init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// There is something to read, or the end was reached.
    package static let read = Interest(rawValue: 0x001)
    /// There is room to write.
    package static let write = Interest(rawValue: 0x004)
}

/// What a descriptor is ready for.
package struct Readiness: OptionSet, Hashable, Sendable {
    /// The bits of epoll_ctl(2).
    package let rawValue: UInt32

    /// Wraps bits.
    package init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// There is something to read, or the end was reached.
    package static let read = Readiness(rawValue: 0x001)
    /// There is room to write.
    package static let write = Readiness(rawValue: 0x004)
    /// Both directions are closed.
    package static let hangUp = Readiness(rawValue: 0x010)
    /// The descriptor has an error, or the reader of a pipe is gone.
    package static let error = Readiness(rawValue: 0x008)
}

extension Reactor {
    /// One watched descriptor.
    ///
    /// Events carry the generation, because a number is reused while old events are under way.
    struct Watch {
        var generation: UInt32 = 0
        var handler: (@Sendable (Readiness) -> Void)?
    }

    /// Calls a handler on the loop as long as a descriptor is ready (level-triggered).
    ///
    /// Loop thread only. ``unwatch(_:)`` must come before the descriptor is closed: while a duplicate of it is open somewhere, the kernel
    /// goes on reporting it, see epoll(7).
    /// - Parameters:
    ///   - descriptor: An open descriptor that can be polled (not a regular file), not watched yet.
    ///   - interest: What to wait for.
    ///   - handler: Called with what the descriptor is ready for.
    /// - Throws: What epoll_ctl(2) reports: ``Errno/exists`` when it is watched already, ``Errno/notPermitted`` for a file.
    package func watch(
        _ descriptor: Int32,
        for interest: Interest,
        _ handler: @escaping @Sendable (Readiness) -> Void
    ) throws(SystemCallError) {
        preconditionOnLoop()
        let index = Int(descriptor)
        guard index >= 0 else { throw SystemCallError(call: "epoll_ctl", errno: .badDescriptor) }
        while loop.watches.count <= index { loop.watches.append(Watch()) }
        let generation = loop.watches[index].generation &+ 1
        let token = UInt64(generation) << 32 | UInt64(index)
        try check(cl_epoll_add(epoll.rawValue, descriptor, interest.rawValue, token), "epoll_ctl")
        loop.watches[index] = Watch(generation: generation, handler: handler)
    }

    /// Changes what a watched descriptor is waited for.
    ///
    /// Loop thread only.
    /// - Throws: ``Errno/noEntry`` when it is not watched.
    package func change(_ descriptor: Int32, to interest: Interest) throws(SystemCallError) {
        preconditionOnLoop()
        let index = Int(descriptor)
        guard loop.watches.indices.contains(index), loop.watches[index].handler != nil else {
            throw SystemCallError(call: "epoll_ctl", errno: .noEntry)
        }
        let token = UInt64(loop.watches[index].generation) << 32 | UInt64(index)
        try check(cl_epoll_change(epoll.rawValue, descriptor, interest.rawValue, token), "epoll_ctl")
    }

    /// Ends the watch: the handler is not called again, not even for an event that came before.
    ///
    /// Loop thread only. Without effect when the descriptor is not watched.
    package func unwatch(_ descriptor: Int32) {
        preconditionOnLoop()
        let index = Int(descriptor)
        guard loop.watches.indices.contains(index), loop.watches[index].handler != nil else { return }
        loop.watches[index].handler = nil
        // Fails only when the descriptor was closed too early, and then the kernel has forgotten it by itself.
        _ = cl_epoll_remove(epoll.rawValue, descriptor)
    }

    func deliver(_ event: cl_event) {
        let index = Int(event.token & 0xffff_ffff)
        guard loop.watches.indices.contains(index) else { return }
        let watch = loop.watches[index]
        guard watch.generation == UInt32(event.token >> 32) else { return }
        watch.handler?(Readiness(rawValue: event.events))
    }
}
