// SPDX-License-Identifier: Apache-2.0
// SHA-256, to tell equal content from different.

/// Message digests.
package enum Digest {
    /// The SHA-256 digest of some bytes in 64 lower-case hexadecimal digits (FIPS 180-4).
    package static func sha256(_ bytes: [UInt8]) -> String {
        var hash = SHA256()
        var start = 0
        while start + 64 <= bytes.count {
            hash.compress(bytes, at: start)
            start += 64
        }
        let padded = hash.padding(of: bytes, from: start)
        for block in stride(from: 0, to: padded.count, by: 64) { hash.compress(padded, at: block) }
        return hash.hexadecimal
    }
}

/// The state of a SHA-256 computation; the names are those of FIPS 180-4, section 6.2.
private struct SHA256 {
    private var state: [UInt32] = [
        0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19,
    ]
    private var schedule = [UInt32](repeating: 0, count: 64)

    private static let constants: [UInt32] = [
        0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1, 0x923f_82a4, 0xab1c_5ed5,
        0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3, 0x72be_5d74, 0x80de_b1fe, 0x9bdc_06a7, 0xc19b_f174,
        0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc, 0x2de9_2c6f, 0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da,
        0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7, 0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967,
        0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc, 0x5338_0d13, 0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85,
        0xa2bf_e8a1, 0xa81a_664b, 0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070,
        0x19a4_c116, 0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
        0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208, 0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7, 0xc671_78f2,
    ]

    /// The last bytes with the one bit, the zeros and the length in bits behind them: one or two blocks.
    func padding(of bytes: [UInt8], from start: Int) -> [UInt8] {
        var padded = Array(bytes[start...])
        padded.append(0x80)
        while padded.count % 64 != 56 { padded.append(0) }
        let bitCount = UInt64(bytes.count) &* 8
        for shift in stride(from: 56, through: 0, by: -8) {
            padded.append(UInt8(truncatingIfNeeded: bitCount >> UInt64(shift)))
        }
        return padded
    }

    mutating func compress(_ bytes: [UInt8], at start: Int) {
        for word in 0..<16 {
            let offset = start + 4 * word
            schedule[word] =
                UInt32(bytes[offset]) << 24 | UInt32(bytes[offset + 1]) << 16
                | UInt32(bytes[offset + 2]) << 8 | UInt32(bytes[offset + 3])
        }
        for word in 16..<64 {
            let (first, second) = (schedule[word - 15], schedule[word - 2])
            let sigma0 = first.rotated(by: 7) ^ first.rotated(by: 18) ^ first >> 3
            let sigma1 = second.rotated(by: 17) ^ second.rotated(by: 19) ^ second >> 10
            schedule[word] = schedule[word - 16] &+ sigma0 &+ schedule[word - 7] &+ sigma1
        }
        mix()
    }

    private mutating func mix() {
        let (constants, schedule) = (Self.constants, schedule)
        var (a, b, c, d) = (state[0], state[1], state[2], state[3])
        var (e, f, g, h) = (state[4], state[5], state[6], state[7])
        for round in 0..<64 {
            let sum1 = e.rotated(by: 6) ^ e.rotated(by: 11) ^ e.rotated(by: 25)
            let first = h &+ sum1 &+ (e & f ^ ~e & g) &+ constants[round] &+ schedule[round]
            let sum0 = a.rotated(by: 2) ^ a.rotated(by: 13) ^ a.rotated(by: 22)
            let second = sum0 &+ (a & b ^ a & c ^ b & c)
            (h, g, f, e) = (g, f, e, d &+ first)
            (d, c, b, a) = (c, b, a, first &+ second)
        }
        for (index, value) in [a, b, c, d, e, f, g, h].enumerated() { state[index] &+= value }
    }

    var hexadecimal: String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        text.reserveCapacity(64)
        for word in state {
            for shift in stride(from: UInt32(28), through: 0, by: -4) { text.append(digits[Int(word >> shift & 15)]) }
        }
        return String(decoding: text, as: UTF8.self)
    }
}

extension UInt32 {
    /// The bits rotated to the right.
    fileprivate func rotated(by count: UInt32) -> UInt32 {
        self >> count | self << (32 - count)
    }
}
