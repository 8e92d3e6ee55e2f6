// SPDX-License-Identifier: Apache-2.0
// How many streams there may be at the same time.

import HTTPServer
import Synchronization

/// Places for streams, each of which holds a connection for as long as its client likes.
package final class StreamPlaces: Sendable {
    /// One place; it is free again when nobody holds it.
    final class Place: Sendable {
        private let places: StreamPlaces

        fileprivate init(_ places: StreamPlaces) { self.places = places }

        deinit { places.taken.withLock { $0 -= 1 } }
    }

    /// How many there are; further connections are left for requests.
    package static let usual = 240

    private let count: Int
    private let taken = Mutex(0)

    /// Free places.
    /// - Parameter count: How many.
    package init(_ count: Int = StreamPlaces.usual) { self.count = count }

    /// Takes a place.
    /// - Returns: The place, to be held while the stream lasts.
    /// - Throws: 503 when none is free.
    func take() throws(HTTPError) -> Place {
        let isFree = taken.withLock { taken in
            guard taken < count else { return false }
            taken += 1
            return true
        }
        guard isFree else {
            throw HTTPError(
                .serviceUnavailable,
                code: "too_many_streams",
                "there are \(count) streams already; try again later",
                headers: ["Retry-After": "10"]
            )
        }
        return Place(self)
    }
}
