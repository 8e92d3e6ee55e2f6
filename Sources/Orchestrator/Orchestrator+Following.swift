// SPDX-License-Identifier: Apache-2.0
// Which directories are followed, and which of their files are to be looked at.

import FileQueue
import Logging
import QueueModel
import SystemKit

extension Orchestrator {
    /// While the kernel tells every change, only each of so many scans reads directories that keep changing.
    private static let watchedScanRatio = 10
    /// The most files that one scan yields, so that memory stays bounded.
    static let scanLimit = 4_000

    /// Watches the directories in which those of new workers appear.
    func watchParents() throws(SystemCallError) {
        for path in witness.parents {
            let directory = try Directory.create(path)
            guard let watcher else { continue }
            do throws(SystemCallError) {
                let watch = try watcher.add(directory) { event in
                    self.assumeIsolated { $0.parentChanged(event) }
                }
                parentWatches.append(watch)
            } catch { raise("watcher", error) }
        }
        _ = try Directory.create(configuration.locations.heartbeats)
        _ = try Directory.create(configuration.locations.claims, mode: 0o700)
    }

    private func parentChanged(_ event: DirectoryEvent) {
        switch event {
        case .appeared(let name), .settled(let name):
            guard WorkerID(bytes: name.bytes) != nil else { return }
        case .vanished, .gone: return
        case .overflow: break
        }
        refollow()
    }

    /// Looks for directories that are new, as far as that is possible.
    func refollow() {
        do throws(SystemCallError) {
            try followNewPlaces()
            clear("directories")
        } catch { raise("directories", error) }
    }

    /// Follows the directories that are not followed yet, or that others have replaced.
    func followNewPlaces() throws(SystemCallError) {
        for (place, followed) in places where !followed.directory.isOnPath() { unfollow(place) }
        for place in try witness.places() where places[place] == nil { follow(place) }
        for worker in configuration.workers where health[worker] == nil { expect(worker) }
    }

    private func follow(_ place: QueuePlace) {
        // It may have gone since it was listed; the next scan looks again.
        guard let directory = try? Directory.open(witness.path(of: place)) else { return }
        var followed = Followed(directory: directory)
        if let watcher {
            do throws(SystemCallError) {
                followed.watch = try watcher.add(directory) { event in
                    self.assumeIsolated { $0.changed(place, event) }
                }
            } catch { raise("watcher", error) }
        }
        places[place] = followed
        // After the watch, so that nothing is missed in between.
        scan(place)
        if case .inbox(let worker) = place { expect(worker) }
    }

    private func unfollow(_ place: QueuePlace) {
        if let watch = places.removeValue(forKey: place)?.watch { watcher?.remove(watch) }
    }

    /// Ends all watches; the directories can still be scanned.
    func endWatches() {
        for (place, followed) in places {
            if let watch = followed.watch { watcher?.remove(watch) }
            places[place]?.watch = nil
        }
        for watch in parentWatches { watcher?.remove(watch) }
        parentWatches = []
    }

    private func changed(_ place: QueuePlace, _ event: DirectoryEvent) {
        switch event {
        case .settled(let name): look(at: Look(place: place, name: name))
        case .appeared(let name):
            // A link to a complete file, or a rename on some file systems; what is being written settles later.
            if place == .claims { look(at: Look(place: place, name: name)) }
        case .vanished: break
        case .overflow: scan(place)
        case .gone:
            unfollow(place)
            refollow()
        }
    }

    func look(at look: Look) {
        guard QueueWitness.isNews(look.name, in: look.place) else { return }
        if look.place == .heartbeats {
            guard let worker = WorkerID(bytes: look.name.bytes.dropLast(5)) else { return }
            beats.insert(worker)
        } else {
            guard looks.count < Self.scanLimit * 4 else { return scan(look.place) }
            guard isListed.insert(look).inserted else { return }
            looks.append(look)
        }
        intakeBell.ring()
    }

    func scan(_ place: QueuePlace) {
        // From the start, also when one is under way: it may have passed the file already.
        scanned[place] = nil
        if place == .heartbeats {
            listBeats()
        } else if !scans.contains(place) {
            let index = scans.firstIndex { $0.order > place.order } ?? scans.endIndex
            scans.insert(place, at: index)
        }
        intakeBell.ring()
    }

    // MARK: At intervals

    func scheduleScan() {
        let isWatched = watcher != nil && problems["watcher"] == nil
        let interval = isWatched ? configuration.scanInterval : configuration.pollInterval
        schedule(.scan, at: clock.now.advanced(by: interval)) { $0.scanAtInterval() }
    }

    private func scanAtInterval() {
        guard !isStopping else { return }
        scheduleScan()
        scanNumber += 1
        refollow()
        let isFull = scanNumber.isMultiple(of: Self.watchedScanRatio)
        for (place, followed) in places where isFull || followed.watch == nil { scan(place) }
        scan(.heartbeats)
        mustCheckDue = true
        if pruneAfter <= clock.now { outboxBell.ring() }
        intakeBell.ring()
    }
}
