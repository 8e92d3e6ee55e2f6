// SPDX-License-Identifier: Apache-2.0
// Dead letters, for the API.

import FileQueue
import HTTPServer
import OrchestratorAPI
import QueueModel
import SystemKit

extension QueueOperations {
    func deadLetters(_ query: DeadLetterQuery) throws -> JSONValue {
        let letters = try DeadLetterBox(locations: locations).list(worker: query.worker).filter { letter in
            query.reason.map { letter.record.reason == $0 } ?? true
        }
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
