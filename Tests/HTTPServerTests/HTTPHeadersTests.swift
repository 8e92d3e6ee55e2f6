// SPDX-License-Identifier: Apache-2.0
// Header fields by name, in order.

import HTTPServer
import Testing

@Suite struct HTTPHeadersTests {
    @Test func namesAreFoundInAnyCase() {
        let headers: HTTPHeaders = ["Content-Type": "a", "content-type": "b"]
        #expect(headers["CONTENT-TYPE"] == "a")
        #expect(headers.values(of: "Content-type") == ["a", "b"])
        #expect(headers["Content-Typ"] == nil)
    }

    @Test func settingReplacesEveryFieldOfTheName() {
        var headers: HTTPHeaders = ["A": "1", "B": "2", "a": "3"]
        headers["a"] = "4"
        #expect(headers.fields == [.init(name: "a", value: "4"), .init(name: "B", value: "2")])
        headers["A"] = nil
        #expect(headers == ["B": "2"])
    }

    @Test func namesThatLookAlikeAreNotTheSame() {
        // The Kelvin sign folds to k in Unicode, and a combining mark hides the letter before it.
        let headers: HTTPHeaders = ["\u{212A}": "1", "k\u{301}": "2"]
        #expect(headers["k"] == nil)
    }

    @Test(arguments: [
        ("close", true), ("Close", true), ("a, close", true), (" close ,a", true), ("closed", false), ("", false),
        ("a b close", false), (",,close", true),
    ])
    func listedTokenIsFound(_ value: String, _ isListed: Bool) {
        let headers: HTTPHeaders = ["Connection": value]
        #expect(headers.lists("close", in: "connection") == isListed)
    }
}
