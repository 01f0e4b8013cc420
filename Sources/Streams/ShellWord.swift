/// A word for a shell's command line that stands for exactly these bytes: as it is where it is plain, in single quotes
/// where it is printable, else in `$'…'` with octal escapes (POSIX.1-2024; bash, zsh, ksh, busybox).
package func shellWord(_ bytes: [UInt8]) -> String {
    let plain = bytes.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "_-./,:+@%".utf8.contains(byte)
        }
    }
    if plain, !bytes.isEmpty { return String(decoding: bytes, as: UTF8.self) }
    if let text = String(validating: bytes, as: UTF8.self), !text.unicodeScalars.contains(where: isSteering) {
        return "'" + text.replacing("'", with: #"'\''"#) + "'"
    }
    var out = "$'"
    for byte in bytes {
        switch byte {
        case UInt8(ascii: "'"), UInt8(ascii: "\\"): out += "\\" + String(UnicodeScalar(byte))
        case 0x20..<0x7F: out += String(UnicodeScalar(byte))
        default:
            let octal = String(byte, radix: 8)
            out += "\\" + String(repeating: "0", count: 3 - octal.count) + octal
        }
    }
    return out + "'"
}
