// SPDX-License-Identifier: Apache-2.0
// The entry point.

import ArgumentParser
import Commands

/// The program.
@main
enum Vigil {
    static func main() { VigilCommand.main() }
}
