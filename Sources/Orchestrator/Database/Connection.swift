// SPDX-License-Identifier: Apache-2.0
// A thin layer over SQLite: one connection with its prepared statements.

import CSQLite

/// A value that a statement takes or a column holds.
enum SQLValue: Equatable {
    case null
    case integer(Int64)
    case text(String)

    init(_ value: Int64?) { self = value.map(SQLValue.integer) ?? .null }
    init(_ value: String?) { self = value.map(SQLValue.text) ?? .null }
}

/// One open database; closed when its owner goes away.
///
/// Every call blocks. Statements are prepared once and kept. Texts are bound as bytes, zero bytes included.
struct Connection: ~Copyable {
    /// How a database is opened.
    enum Mode {
        /// To read and write; made when missing.
        case writer
        /// To read a database that is there.
        case reader
    }

    /// The database's file.
    let path: String
    private let handle: OpaquePointer
    private var statements: [String: OpaquePointer] = [:]

    /// Opens a database.
    /// - Parameters:
    ///   - path: Its file.
    ///   - mode: How.
    ///   - patience: How long a lock of another process is waited for.
    /// - Throws: `DatabaseError`.
    init(path: String, mode: Mode, patience: Duration) throws(DatabaseError) {
        let flags = mode == .writer ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY
        var handle: OpaquePointer?
        let result = sqlite3_open_v2(path, &handle, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE, nil)
        guard result == SQLITE_OK, let handle else {
            sqlite3_close_v2(handle)
            throw DatabaseError(result, path: path, Self.text(of: result))
        }
        self.path = path
        self.handle = handle
        sqlite3_busy_timeout(handle, Int32(clamping: patience.components.seconds * 1000))
    }

    deinit {
        for statement in statements.values { sqlite3_finalize(statement) }
        sqlite3_close_v2(handle)
    }

    /// Runs a statement to its end.
    /// - Parameters:
    ///   - sql: One statement.
    ///   - values: What its placeholders stand for.
    /// - Throws: `DatabaseError`.
    mutating func run(_ sql: String, _ values: SQLValue...) throws(DatabaseError) {
        try query(sql, values) { _ in }
    }

    /// The first row's value of a query with one column.
    mutating func integer(_ sql: String, _ values: SQLValue...) throws(DatabaseError) -> Int64? {
        var found: Int64?
        try query(sql, values) { row in found = found ?? row.optionalInteger(0) }
        return found
    }

    /// The first row's value of a query with one column.
    mutating func text(_ sql: String, _ values: SQLValue...) throws(DatabaseError) -> String? {
        var found: String?
        try query(sql, values) { row in found = found ?? row.optionalText(0) }
        return found
    }

    /// Runs a query.
    /// - Parameters:
    ///   - sql: One statement.
    ///   - values: What its placeholders stand for.
    ///   - body: Called for each row.
    /// - Throws: `DatabaseError`.
    mutating func query(_ sql: String, _ values: [SQLValue], _ body: (borrowing Row) -> Void) throws(DatabaseError) {
        let statement = try prepare(sql)
        defer {
            sqlite3_reset(statement)
            sqlite3_clear_bindings(statement)
        }
        for (index, value) in values.enumerated() { bind(value, to: statement, at: Int32(index + 1)) }
        while true {
            switch sqlite3_step(statement) {
            case SQLITE_ROW: body(Row(statement: statement))
            case SQLITE_DONE: return
            default: throw failure(of: sql)
            }
        }
    }

    /// Runs several statements without values.
    func execute(_ script: String) throws(DatabaseError) {
        guard sqlite3_exec(handle, script, nil, nil, nil) == SQLITE_OK else { throw failure(of: script) }
    }

    /// Runs a change as one transaction: all of it is durable when this returns, or nothing of it happened.
    /// - Parameter body: The change.
    /// - Returns: What `body` returns.
    /// - Throws: `DatabaseError`.
    mutating func transaction<Value>(
        _ body: (inout Connection) throws(DatabaseError) -> Value
    ) throws(DatabaseError) -> Value {
        try execute("BEGIN IMMEDIATE")
        do throws(DatabaseError) {
            let value = try body(&self)
            try execute("COMMIT")
            return value
        } catch {
            // The first error is the one to report; SQLite may have rolled back by itself.
            if sqlite3_get_autocommit(handle) == 0 { _ = sqlite3_exec(handle, "ROLLBACK", nil, nil, nil) }
            throw error
        }
    }

    /// How many instructions of its own SQLite has run for the statements so far; the same work takes the same number.
    var steps: Int {
        statements.values.reduce(0) { $0 + Int(sqlite3_stmt_status($1, SQLITE_STMTSTATUS_VM_STEP, 0)) }
    }

    private mutating func prepare(_ sql: String) throws(DatabaseError) -> OpaquePointer {
        if let statement = statements[sql] { return statement }
        var statement: OpaquePointer?
        guard sqlite3_prepare_v3(handle, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &statement, nil) == SQLITE_OK,
            let statement
        else { throw failure(of: sql) }
        statements[sql] = statement
        return statement
    }

    private func bind(_ value: SQLValue, to statement: OpaquePointer, at index: Int32) {
        switch value {
        case .null: sqlite3_bind_null(statement, index)
        case .integer(let number): sqlite3_bind_int64(statement, index, number)
        case .text(var text):
            _ = text.withUTF8 { bytes in
                bytes.withMemoryRebound(to: CChar.self) { characters in
                    csqlite_bind_text(statement, index, characters.baseAddress, Int32(clamping: characters.count))
                }
            }
        }
    }

    private func failure(of sql: String) -> DatabaseError {
        let words = sql.split(whereSeparator: \.isWhitespace).prefix(3).joined(separator: " ")
        let message = String(cString: sqlite3_errmsg(handle))
        return DatabaseError(sqlite3_extended_errcode(handle), path: path, "\(words): \(message)")
    }

    private static func text(of result: Int32) -> String { "open: " + String(cString: sqlite3_errstr(result)) }
}

/// The row that a statement stands at.
struct Row: ~Copyable {
    fileprivate let statement: OpaquePointer

    func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(statement, column) }

    func text(_ column: Int32) -> String { optionalText(column) ?? "" }

    func optionalInteger(_ column: Int32) -> Int64? {
        sqlite3_column_type(statement, column) == SQLITE_NULL ? nil : integer(column)
    }

    func optionalText(_ column: Int32) -> String? {
        guard let bytes = sqlite3_column_text(statement, column) else { return nil }
        let count = Int(sqlite3_column_bytes(statement, column))
        return String(decoding: UnsafeBufferPointer(start: bytes, count: count), as: UTF8.self)
    }
}

extension DatabaseError {
    fileprivate init(_ result: Int32, path: String, _ message: String) {
        let code: Code =
            switch result & 0xff {
            case SQLITE_CANTOPEN: .missing
            case SQLITE_CORRUPT, SQLITE_NOTADB: .corrupt
            case SQLITE_BUSY, SQLITE_LOCKED: .busy
            case SQLITE_ERROR, SQLITE_MISUSE, SQLITE_CONSTRAINT, SQLITE_RANGE, SQLITE_MISMATCH: .misuse
            default: .io
            }
        self.init(code, path: path, message)
    }
}
