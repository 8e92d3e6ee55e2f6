// SPDX-License-Identifier: Apache-2.0
// The files of the dashboard, as they are in the program.

import CDashboard
package import HTTPServer
import QueueModel

/// A file of the dashboard.
package struct DashboardAsset: Sendable {
    /// Its name, without a directory.
    package let name: String
    /// What it is.
    package let contentType: String
    /// What it holds.
    package let bytes: [UInt8]
    /// Tells this version of it from others (RFC 9110, 8.8.3).
    package let tag: String

    private static let types = [
        "html": "text/html; charset=utf-8", "css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8",
        "svg": "image/svg+xml",
    ]

    /// Every file, by name.
    package static let all: [String: DashboardAsset] = {
        var assets: [String: DashboardAsset] = [:]
        while let asset = cd_asset_at(assets.count)?.pointee {
            let bytes = Array(UnsafeBufferPointer(start: asset.bytes, count: asset.size))
            let known = DashboardAsset(name: String(cString: asset.name), bytes: bytes)
            assets[known.name] = known
        }
        return assets
    }()

    private init(name: String, bytes: [UInt8]) {
        self.name = name
        self.bytes = bytes
        tag = "\"\(Digest.sha256(bytes).prefix(32))\""
        let ending = name.split(separator: ".").last.map(String.init) ?? ""
        contentType = Self.types[ending] ?? "application/octet-stream"
    }

    /// The answer to a request for it.
    ///
    /// A browser asks each time whether what it has is current, which costs little on one machine and shows a new
    /// version of the program at once.
    /// - Parameter request: The request.
    /// - Returns: The file, or 304 when the client has it.
    package func response(to request: HTTPRequest) -> HTTPResponse {
        let fields: HTTPHeaders = [
            "Content-Type": contentType, "ETag": tag, "Cache-Control": "no-cache",
            "Content-Security-Policy": Dashboard.policy,
        ]
        let isCurrent = request.headers.lists(tag, in: "if-none-match") || request.headers["if-none-match"] == "*"
        return HTTPResponse(status: isCurrent ? .notModified : .ok, headers: fields, body: isCurrent ? [] : bytes)
    }
}
