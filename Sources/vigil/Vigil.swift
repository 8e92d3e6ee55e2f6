// SPDX-License-Identifier: Apache-2.0
/// The one entry point.
@main
enum Vigil {
    static func main() {}
}
