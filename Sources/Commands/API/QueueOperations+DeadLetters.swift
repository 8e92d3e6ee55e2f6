// SPDX-License-Identifier: Apache-2.0
// Dead letters, for the API.

import FileQueue
import HTTPServer
import OrchestratorAPI
import QueueModel
import SystemKit

extension QueueOperations {
    func deadLetters(_ query: DeadLetterQuery) throws -> JSONValue {
        let letters = try choose(query)
        let shown = DeadLetterReport(Array(letters.prefix(query.limit)), now: .present())
        var document = shown.json.objectValue ?? [:]
        document["total"] = .integer(letters.count)
        return .object(document)
    }

    func deadLetter(_ name: DeadLetterName) throws -> JSONValue {
        let letter = try find(name)
        return DeadLetterReport([letter], now: .present()).json(of: letter)
    }

    func retryDeadLetter(_ name: DeadLetterName) throws -> JSONValue {
        let letter = try find(name)
        try DeadLetterBox(locations: locations).retry(letter)
        return document(letter, "queued")
    }

    func purgeDeadLetter(_ name: DeadLetterName) throws -> JSONValue {
        let letter = try find(name)
        try DeadLetterBox(locations: locations).remove(letter)
        return document(letter, "removed")
    }

    func retryDeadLetters(_ query: DeadLetterQuery) throws -> JSONValue {
        let box = DeadLetterBox(locations: locations)
        var batch = DeadLetterBatch(verb: "queued again")
        for step in RetryPlan(Array(try choose(query).prefix(query.limit))).steps {
            batch.perform(step.letter) { () throws(SubmissionError) in try box.perform(step) }
        }
        return batch.json
    }

    func purgeDeadLetters(_ query: DeadLetterQuery) throws -> JSONValue {
        let box = DeadLetterBox(locations: locations)
        var batch = DeadLetterBatch(verb: "removed")
        for letter in try choose(query).prefix(query.limit) {
            batch.perform(letter) { () throws(SubmissionError) in try box.remove(letter) }
        }
        return batch.json
    }

    private func choose(_ query: DeadLetterQuery) throws -> [DeadLetter] {
        let now = Timestamp.present()
        return try DeadLetterBox(locations: locations).list(worker: query.worker).filter { letter in
            (query.reason.map { letter.record.reason == $0 } ?? true)
                && (query.minimumAge.map { now.since(letter.record.timestamp) >= $0 } ?? true)
        }
    }

    private func find(_ name: DeadLetterName) throws(HTTPError) -> DeadLetter {
        guard let letter = DeadLetterBox(locations: locations).letter(FileName(name.file), of: name.worker) else {
            throw HTTPError(.notFound, code: "no_dead_letter", "there is no such dead letter of \(name.worker)")
        }
        return letter
    }

    private func document(_ letter: DeadLetter, _ outcome: String) -> JSONValue {
        [
            "schema_version": .integer(DeadLetterReport.schemaVersion), "file": .string(letter.file.description),
            "worker": .string(letter.worker.string),
            "task_id": letter.record.taskID.map { .string($0.string) } ?? .null, "outcome": .string(outcome),
        ]
    }
}
