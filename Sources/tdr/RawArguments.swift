import ArgumentParser
import Streams
import TDRCore

/// Arguments as bytes, through a parser that takes text.
///
/// A name that is not valid UTF-8 would reach us with its bytes replaced and so name another file. Each byte that is
/// not part of valid UTF-8 travels as one private code point instead, and ``PathArgument`` puts the byte back.
enum RawArguments {
    /// Plane 16 is for private use. A name that holds such a code point travels byte by byte, too.
    private static let base: UInt32 = 0x10_FF00

    /// The arguments without the program's name.
    static func encoded(
        _ count: Int32, _ values: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
    ) -> [String] {
        (1..<max(1, Int(count))).compactMap { index in
            values[index].map { pointer in
                var bytes: [UInt8] = []
                var next = UnsafePointer<CChar>(pointer)
                while next.pointee != 0 {
                    bytes.append(UInt8(bitPattern: next.pointee))
                    next += 1
                }
                return encode(bytes)
            }
        }
    }

    static func encode(_ bytes: [UInt8]) -> String {
        if let text = String(validating: bytes, as: UTF8.self), !text.unicodeScalars.contains(where: isOurs) {
            return text
        }
        var out = String.UnicodeScalarView()
        var rest = bytes[...]
        while let first = rest.first {
            let length = (1...4).first { String(validating: rest.prefix($0), as: UTF8.self)?.unicodeScalars.count == 1 }
            if let length, let text = String(validating: rest.prefix(length), as: UTF8.self),
                !text.unicodeScalars.contains(where: isOurs)
            {
                out.append(contentsOf: text.unicodeScalars)
                rest = rest.dropFirst(length)
            } else {
                if let scalar = Unicode.Scalar(base + UInt32(first)) { out.append(scalar) }
                rest = rest.dropFirst()
            }
        }
        return String(out)
    }

    private static func isOurs(_ scalar: Unicode.Scalar) -> Bool { (base...(base + 0xFF)).contains(scalar.value) }

    static func decode(_ text: String) -> [UInt8] {
        text.unicodeScalars.flatMap { scalar -> [UInt8] in
            isOurs(scalar)
                ? [UInt8(scalar.value - base)] : Array(String(scalar).utf8)
        }
    }
}

/// A path on the command line, its bytes as they were typed.
struct PathArgument: ExpressibleByArgument {
    let path: BytePath

    init?(argument: String) {
        let bytes = RawArguments.decode(argument)
        if bytes.isEmpty { return nil }
        path = BytePath(bytes)
    }

    var defaultValueDescription: String { path.display }
}
