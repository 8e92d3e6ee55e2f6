// SPDX-License-Identifier: Apache-2.0
// Listens to the control pipe, and tells the status pipe.

import FileQueue
import Logging
import QueueModel
import SystemKit

extension Worker {
    /// So many lines may wait to be carried out; then the pipe is not read on.
    private static let commandRoom = 128
    private static let chunk = 16_384

    /// Makes and opens the pipes, also those that were removed meanwhile.
    func openPipes() {
        do throws(SystemCallError) {
            let isFresh = try pipes.open { descriptor in reactor.unwatch(descriptor) }
            if isFresh, let descriptor = pipes.controlDescriptor {
                controlLines = ControlLines()
                try reactor.watch(descriptor, for: .read) { _ in self.assumeIsolated { $0.readCommands() } }
            }
            clear(.pipes)
        } catch {
            let hint = error.errno == .exists ? "; it is no pipe: remove it" : ""
            raise(.pipes, "\(error)\(hint); commands come by files only")
        }
    }

    /// Closes the pipes at the end.
    func closePipes() {
        if let lineTimer { reactor.cancel(lineTimer) }
        pipes.close { descriptor in reactor.unwatch(descriptor) }
    }

    private func readCommands() {
        if let lineTimer { reactor.cancel(lineTimer) }
        lineTimer = nil
        do throws(SystemCallError) {
            let lines = controlLines.take(try pipes.read(count: Self.chunk))
            lines.forEach(accept)
        } catch {
            logger.warning("control pipe cannot be read", metadata: ["error": "\(error)"])
        }
        setReading(commandLines.count < Self.commandRoom)
        guard controlLines.isOpen else { return }
        // A writer that forgets the newline is answered all the same, and does not spoil the next one's line.
        lineTimer = reactor.schedule(at: clock.now.advanced(by: configuration.settleTime)) {
            self.assumeIsolated { worker in
                worker.lineTimer = nil
                if let line = worker.controlLines.end() { worker.accept(line) }
            }
        }
    }

    /// Commands are carried out one after the other, in the order in which they came.
    private func accept(_ line: ControlLines.Line) {
        commandLines.append(line)
        if !isCommanding {
            isCommanding = true
            pending.append(.commands)
        }
        poke()
    }

    /// Carries out the commands that wait.
    func carryOutCommands() async {
        while let line = commandLines.popFirst() {
            do throws(ControlCommand.Refusal) {
                let command = try ControlCommand(line)
                answer(command.name, command.requestID, await carryOut(command.action))
            } catch {
                logger.info("command refused", metadata: ["error": .string(error.message)])
                answer(error.command, error.requestID, .refused(error.message))
            }
        }
        isCommanding = false
        setReading(true)
    }

    private func setReading(_ isReading: Bool) {
        guard let descriptor = pipes.controlDescriptor, isReading != isReadingCommands else { return }
        do throws(SystemCallError) {
            try reactor.change(descriptor, to: isReading ? .read : [])
            isReadingCommands = isReading
        } catch {
            logger.warning("control pipe cannot be watched", metadata: ["error": "\(error)"])
        }
    }

    private func answer(_ command: String?, _ requestID: JSONValue?, _ answer: CommandAnswer) {
        var data: JSONObject = [:]
        if let command { data["command"] = .string(command) }
        if let requestID { data["request_id"] = requestID }
        switch answer {
        case .done(let facts):
            data["ok"] = true
            for (key, value) in facts.members { data[key] = value }
        case .refused(let message):
            data["ok"] = false
            data["error"] = .string(message)
        }
        emit(.answer, data)
    }

    /// Tells those who listen; without a reader that keeps up, the line is missed, and counted.
    ///
    /// What there is to tell is put together only when somebody listens.
    /// - Returns: Whether somebody will get it.
    @discardableResult
    func emit(_ kind: WorkerEvent.Kind, _ data: @autoclosure () -> JSONObject = [:]) -> Bool {
        let isHeard = pipes.send(WorkerEvent(kind, at: now.wall, data()).line)
        if !isHeard { metrics.eventMissed() }
        return isHeard
    }
}

/// What a command came to.
enum CommandAnswer {
    case done(JSONObject)
    case refused(String)
}
