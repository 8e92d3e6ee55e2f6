// SPDX-License-Identifier: Apache-2.0
// The output of attempts, for the API.

import FileQueue
import HTTPServer
import OrchestratorAPI
import QueueModel
import SystemKit

extension QueueOperations {
    /// The most bytes of one look at output that grows.
    private static let lookBytes = 256 << 10

    func log(_ query: LogQuery) throws -> LogSlice {
        let place = try outputPlace(query)
        let name = place.stream.fileName
        guard try place.directory.status(of: name) != nil else {
            return LogSlice(attempt: place.attempt, size: 0, offset: 0, bytes: [])
        }
        return try Self.slice(of: place.directory.openFile(name), attempt: place.attempt, query)
    }

    func outputPlace(_ query: LogQuery) throws -> OutputPlace {
        let view = try survey().view
        let none = HTTPError(.notFound, code: "no_output", "task \(query.id) has no such output")
        guard let worker = try view.workerWithOutput(of: query.id) else {
            throw try view.find(query.id) == nil ? HTTPError.noTask(query.id) : none
        }
        let attempts = try view.attemptsWithOutput(of: query.id, worker: worker)
        guard let number = query.attempt ?? attempts.last, attempts.contains(number),
            let directory = try view.outputDirectory(of: query.id, worker: worker, attempt: number)
        else { throw none }
        let id = query.id
        return OutputPlace(
            query,
            attempt: number,
            directory: directory,
            queue: try view.directories(of: worker),
            concerns: { QueueView.isTrace($0, of: id) }
        )
    }

    func look(_ place: OutputPlace, from offset: Int64) throws -> OutputLook {
        // Before the output is read, so that none comes behind the end.
        let isLive = try isLive(place)
        let name = place.stream.fileName
        guard try place.directory.status(of: name) != nil else {
            return OutputLook(size: 0, bytes: [], isLive: isLive)
        }
        let file = try place.directory.openFile(name)
        let size = try file.status().size
        let bytes = size > offset ? try file.read(at: offset, count: Self.lookBytes) : []
        return OutputLook(size: size, bytes: bytes, isLive: isLive)
    }

    private func isLive(_ place: OutputPlace) throws -> Bool {
        let view = try survey().view
        guard let state = try view.claim(of: place.id), state.attempt == place.attempt, state.phase == .running
        else { return false }
        return try !view.hasEnded(state)
    }

    private static func slice(
        of file: borrowing OwnedDescriptor,
        attempt: Int,
        _ query: LogQuery
    ) throws -> LogSlice {
        let size = try file.status().size
        guard let range = query.range else {
            guard size <= Int64(query.limit) else {
                throw HTTPError(
                    .unprocessableContent,
                    code: "range_needed",
                    "the output has \(size) bytes; ask for at most \(query.limit) of them: Range: bytes=0-"
                )
            }
            let bytes = try file.read(at: 0, count: query.limit)
            return LogSlice(attempt: attempt, size: size, offset: 0, bytes: bytes)
        }
        guard let (offset, count) = range.resolved(size: size, limit: query.limit) else {
            throw HTTPError(
                .rangeNotSatisfiable,
                code: "range_not_satisfiable",
                "the output has \(size) bytes",
                headers: ["Content-Range": "bytes */\(size)"]
            )
        }
        let bytes = try file.read(at: offset, count: count)
        return LogSlice(attempt: attempt, size: size, offset: offset, bytes: bytes)
    }
}

extension OutputPlace {
    fileprivate var stream: OutputStream { isError ? .standardError : .standardOutput }
}
