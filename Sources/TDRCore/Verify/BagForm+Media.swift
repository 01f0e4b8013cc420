import Streams

extension BagForm {
    /// The names that profiles in use give this form; the first is the one to show.
    var mediaTypes: [String] {
        switch self {
        case .folder: []
        case .tar: ["application/tar", "application/x-tar"]
        case .tarGz: ["application/gzip", "application/x-gzip", "application/tar+gzip", "application/x-tar+gzip"]
        case .tarZst: ["application/zstd"]
        case .zip: ["application/zip"]
        }
    }

    /// The form of an archive by its first bytes, whatever its name says; a tar has none that tell, so it is the rest.
    init(startOf source: any ByteSource) throws {
        var start = [UInt8](repeating: 0, count: 4)
        let count = try start.withUnsafeMutableBytes { try source.read(into: $0, at: 0) }
        self =
            switch start.prefix(count) {
            case let magic where magic.starts(with: [0x1F, 0x8B]): .tarGz
            case let magic where magic.starts(with: [0x28, 0xB5, 0x2F, 0xFD]): .tarZst
            case let magic where magic.starts(with: [0x50, 0x4B]): .zip
            default: .tar
            }
    }
}
