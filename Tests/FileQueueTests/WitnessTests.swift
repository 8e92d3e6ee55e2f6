// SPDX-License-Identifier: Apache-2.0
// What a witness sees in each place of a queue.

import FileQueue
import QueueModel
import SystemKit
import TestSupport
import Testing

@Suite struct WitnessTests {
    private let marie = WorkerID(bytes: "marie".utf8)

    private func put(_ text: String, as name: FileName, at path: String) throws -> Directory {
        let directory = try Directory.create(path)
        try AtomicFile.write(Array(text.utf8), as: name, in: directory, replacing: true, durability: .relaxed)
        return directory
    }

    @Test func placesAreThoseThatAreThereInTheOrderOfALife() throws {
        try withTemporaryDirectory { directory in
            for path in ["tasks/.claims", "tasks/marie", "dlq/anga", "results/marie", "results/not a worker"] {
                _ = try Directory.create(directory.path(of: path))
            }
            _ = try put("{}", as: "file", at: directory.path(of: "results"))
            let witness = QueueWitness(locations: QueueLocations(root: directory.path))
            let places = try witness.places()
            #expect(places.map(\.order) == [0, 1, 2, 3, 4])
            #expect(places.contains(.deadLetters(try WorkerID("anga"))))
            #expect(witness.path(of: .claims) == directory.path(of: "tasks/.claims"))
        }
    }

    @Test func onlyFilesThatCanSaySomethingAreNews() throws {
        let worker = try #require(marie)
        for place in [QueuePlace.inbox(worker), .results(worker), .deadLetters(worker), .heartbeats] {
            #expect(QueueWitness.isNews("a.json", in: place))
            for name: FileName in [".tmp-1-2", ".a.json", "a.tmp", "a", "a_1.raw"] {
                #expect(!QueueWitness.isNews(name, in: place))
            }
        }
        #expect(QueueWitness.isNews("a~task@marie", in: .claims))
        for name: FileName in ["a~state", "a~exit", "~owner-marie-1-2-3", "~circuit-marie", ".tmp-1-2", "a.json"] {
            #expect(!QueueWitness.isNews(name, in: .claims))
        }
        #expect(QueueWitness.task("a~task@marie", in: .claims)?.string == "a")
        #expect(QueueWitness.task("a.json", in: .results(worker))?.string == "a")
        #expect(QueueWitness.task("a_1.json", in: .deadLetters(worker)) == nil)
    }

    @Test func taskIsSeenInTheInboxAndWhileItIsClaimed() throws {
        try withTemporaryDirectory { directory in
            let worker = try #require(marie)
            let witness = QueueWitness(locations: QueueLocations(root: directory.path))
            let text = #"{"task_id": "a", "description": "d", "group": "g"}"#
            for (place, name) in [(QueuePlace.inbox(worker), "any.json"), (.claims, "a~task@marie")] {
                let name = FileName(name)
                let inside = try put(text, as: name, at: witness.path(of: place))
                guard
                    case .task(let task, let owner, let since, let isClaimed) = try witness.look(
                        at: name,
                        in: place,
                        inside
                    )
                else { throw Nothing() }
                #expect(task.group?.string == "g")
                #expect(owner == worker)
                #expect(isClaimed == (place == .claims))
                let modified = try #require(try inside.status(of: name)).modifiedNanoseconds / 1_000_000
                #expect(since.millisecondsSince1970 == modified)
            }
        }
    }

    @Test func whatSaysNothingIsNoSightingAndNoError() throws {
        try withTemporaryDirectory { directory in
            let worker = try #require(marie)
            let witness = QueueWitness(locations: QueueLocations(root: directory.path))
            for place in [QueuePlace.inbox(worker), .results(worker), .deadLetters(worker), .heartbeats] {
                let inside = try put("{half", as: "a.json", at: witness.path(of: place))
                _ = try inside.subdirectory("d.json", create: 0o700)
                for name: FileName in ["a.json", "d.json", "gone.json"] {
                    let isNothing = try witness.look(at: name, in: place, inside) == nil
                    #expect(isNothing, "\(name) in \(place)")
                }
            }
        }
    }

    @Test func resultIsKnownByTheTimeOfItsFile() throws {
        try withTemporaryDirectory { directory in
            let worker = try #require(marie)
            let witness = QueueWitness(locations: QueueLocations(root: directory.path))
            let time = Timestamp(millisecondsSince1970: 1_800_000_000_000)
            let result = ResultRecord(taskID: try TaskID("a"), worker: worker, status: .completed, timestamp: time)
            let place = QueuePlace.results(worker)
            let inside = try put(
                String(decoding: result.encoded(), as: UTF8.self),
                as: "a.json",
                at: witness.path(of: place)
            )
            guard case .result(let seen, let file, let mark) = try witness.look(at: "a.json", in: place, inside) else {
                throw Nothing()
            }
            #expect(seen == result)
            #expect(file == directory.path(of: "results/marie/a.json"))
            #expect(mark == (try inside.status(of: "a.json")?.modifiedNanoseconds))
            #expect(try QueueWitness.hasResult(TaskID("a"), in: [inside]))
            #expect(try !QueueWitness.hasResult(TaskID("b"), in: [inside]))
        }
    }

    private struct Nothing: Error {}
}
