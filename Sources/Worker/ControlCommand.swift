// SPDX-License-Identifier: Apache-2.0
// What can be asked of a worker through its control pipe.

package import QueueModel

/// One line of the control pipe.
package struct ControlCommand: Sendable, Equatable {
    /// What is asked for.
    package enum Action: Sendable, Equatable {
        /// To say how it is.
        case status
        /// To start nothing until it is resumed.
        case pause
        /// To start tasks again.
        case resume
        /// To read the settings again.
        case reload
        /// To run as many attempts at once.
        case scale(Int)
        /// To cancel a task.
        case cancel(TaskID)
        /// To finish what runs, and stop.
        case drain
        /// To stop at once; what runs is handed back.
        case shutdown
    }

    /// Why a line was refused.
    package struct Refusal: Error, Sendable, Equatable {
        /// One line for people.
        package let message: String
        /// The command's name, as far as there is one.
        package let command: String?
        /// What tells the asker's answers from others.
        package let requestID: JSONValue?
    }

    /// What is asked for.
    package let action: Action
    /// The command's name.
    package let name: String
    /// What tells the asker's answers from others; comes back with the answer.
    package let requestID: JSONValue?

    /// The names of all commands.
    package static let names = ["status", "pause", "resume", "reload", "scale", "cancel", "drain", "shutdown"]

    /// Reads a line.
    /// - Parameter line: The line without its newline.
    /// - Throws: ``Refusal`` with what is wrong.
    package init(_ line: ControlLines.Line) throws(Refusal) {
        guard case .text(let bytes) = line else {
            throw Refusal("the line has more than \(ControlLines.limit) bytes", nil, nil)
        }
        let value: JSONValue
        do throws(JSONParseError) {
            value = try JSONParser.parse(bytes, limits: .file(ControlLines.limit))
        } catch { throw Refusal("not JSON: \(error)", nil, nil) }
        guard let object = value.objectValue else { throw Refusal("not a JSON object", nil, nil) }
        let id = object["request_id"].flatMap { $0.stringValue == nil && $0.numberValue == nil ? nil : $0 }
        guard let name = object["command"]?.stringValue else {
            throw Refusal("command: missing, or not a string; known are \(Self.list)", nil, id)
        }
        self.name = name
        requestID = id
        do throws(WrongField) {
            action = try Action(name, object)
        } catch { throw Refusal(error.message, String(name.prefix(64)), id) }
    }

    fileprivate static var list: String { names.joined(separator: ", ") }
}

extension ControlCommand.Refusal {
    fileprivate init(_ message: String, _ command: String?, _ requestID: JSONValue?) {
        self.init(message: message, command: command, requestID: requestID)
    }
}

/// What is wrong with a field of a command.
private struct WrongField: Error {
    let message: String
}

extension ControlCommand.Action {
    fileprivate init(_ name: String, _ object: JSONObject) throws(WrongField) {
        switch name {
        case "status": self = .status
        case "pause": self = .pause
        case "resume": self = .resume
        case "reload": self = .reload
        case "drain": self = .drain
        case "shutdown": self = .shutdown
        case "scale":
            guard let slots = object["max_concurrent"]?.intValue, WorkerSlots.range.contains(slots) else {
                throw WrongField(message: "max_concurrent: must be a whole number from 1 to 256")
            }
            self = .scale(slots)
        case "cancel":
            guard let task = object["task_id"]?.stringValue.flatMap({ TaskID(bytes: Array($0.utf8)) }) else {
                throw WrongField(message: "task_id: missing, or not a task's id")
            }
            self = .cancel(task)
        default:
            throw WrongField(message: "command: there is no such one; known are \(ControlCommand.list)")
        }
    }
}
