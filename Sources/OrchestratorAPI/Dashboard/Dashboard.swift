// SPDX-License-Identifier: Apache-2.0
// Serves the page for people; all that it shows it asks the API for.

package import HTTPServer

/// The page for people and its files.
///
/// They are the same for everyone and need no token; without one the page shows nothing but a place to enter it.
package enum Dashboard {
    /// What the page may load, run and reach: its own files and this server.
    ///
    /// A string never becomes markup in it.
    package static let policy = [
        "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data:", "connect-src 'self'",
        "form-action 'none'", "frame-ancestors 'none'", "base-uri 'none'", "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    ].joined(separator: "; ")

    /// The name of the page among the files.
    private static let page = "index.html"

    /// Adds the page and its files.
    /// - Parameter router: What they are added to.
    package static func add(to router: inout Router) {
        router.get("/") { request, _ in try asset(page).response(to: request) }
        router.get("/assets/{name}") { request, context in
            try asset(try context.parameters.require("name")).response(to: request)
        }
    }

    private static func asset(_ name: String) throws(HTTPError) -> DashboardAsset {
        guard let asset = DashboardAsset.all[name] else { throw .notFound }
        return asset
    }
}
