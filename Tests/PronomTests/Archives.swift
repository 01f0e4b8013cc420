/// ZIP and OLE2 files from literals.
enum Archives {
    struct Entry {
        var name: String
        var bytes: [UInt8]
        var isDeflated = false
        var isEncrypted = false
        var hasDescriptor = false
        var isWide = false
    }

    static func le(_ value: Int, _ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }

    /// A ZIP; `junk` bytes stand before it that its offsets do not count.
    static func zip(_ entries: [Entry], junk: [UInt8] = [], comment: String = "", isZip64: Bool = false) -> [UInt8] {
        var body: [UInt8] = []
        var directory: [UInt8] = []
        for entry in entries {
            let name = Array(entry.name.utf8)
            // Stored blocks are deflated data too (RFC 1951 §3.2.4).
            let data = entry.isDeflated ? deflated(entry.bytes) : entry.bytes
            let flags = (entry.isEncrypted ? 1 : 0) | (entry.hasDescriptor ? 8 : 0)
            let local = entry.hasDescriptor ? (0, 0) : (data.count, entry.bytes.count)
            let offset = body.count
            body += [0x50, 0x4B, 3, 4]
            body += le(20, 2)
            body += le(flags, 2)
            body += le(entry.isDeflated ? 8 : 0, 2)
            body += le(0, 8)
            body += le(local.0, 4)
            body += le(local.1, 4)
            body += le(name.count, 2)
            body += le(0, 2)
            body += name
            body += data
            if entry.hasDescriptor {
                body += [0x50, 0x4B, 7, 8] + le(0, 4) + le(data.count, 4) + le(entry.bytes.count, 4)
            }
            var extra: [UInt8] = []
            if entry.isWide {
                for (value, count) in [(1, 2), (24, 2), (entry.bytes.count, 8), (data.count, 8), (offset, 8)] {
                    extra += le(value, count)
                }
            }
            directory += [0x50, 0x4B, 1, 2]
            directory += le(20, 2)
            directory += le(20, 2)
            directory += le(flags, 2)
            directory += le(entry.isDeflated ? 8 : 0, 2)
            directory += le(0, 8)
            directory += le(entry.isWide ? 0xFFFF_FFFF : data.count, 4)
            directory += le(entry.isWide ? 0xFFFF_FFFF : entry.bytes.count, 4)
            directory += le(name.count, 2)
            directory += le(extra.count, 2)
            directory += le(0, 10)
            directory += le(entry.isWide ? 0xFFFF_FFFF : offset, 4)
            directory += name
            directory += extra
        }
        var end: [UInt8] = []
        if isZip64 {
            end += [0x50, 0x4B, 6, 6]
            end += le(44, 8)
            end += le(45, 2)
            end += le(45, 2)
            end += le(0, 8)
            end += le(entries.count, 8)
            end += le(entries.count, 8)
            end += le(directory.count, 8)
            end += le(body.count, 8)
            end += [0x50, 0x4B, 6, 7]
            end += le(0, 4)
            end += le(body.count + directory.count, 8)
            end += le(1, 4)
        }
        let mark = isZip64 ? 0xFFFF_FFFF : -1
        end += [0x50, 0x4B, 5, 6]
        end += le(0, 4)
        end += le(isZip64 ? 0xFFFF : entries.count, 2)
        end += le(isZip64 ? 0xFFFF : entries.count, 2)
        end += le(isZip64 ? mark : directory.count, 4)
        end += le(isZip64 ? mark : body.count, 4)
        end += le(comment.utf8.count, 2)
        end += Array(comment.utf8)
        return junk + body + directory + end
    }

    private static func deflated(_ bytes: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        var rest = bytes[...]
        repeat {
            let piece = rest.prefix(65535)
            rest = rest.dropFirst(65535)
            out += [rest.isEmpty ? 1 : 0]
            out += le(piece.count, 2)
            out += le(~piece.count & 0xFFFF, 2)
            out += piece
        } while !rest.isEmpty
        return out
    }

    /// An OLE2 file ([MS-CFB]) with the streams in its root; names with `/` make one level of storages.
    static func ole2(_ streams: [(name: String, bytes: [UInt8])], shift: Int = 9) -> [UInt8] {
        let sector = 1 << shift
        var fat: [Int] = []
        var sectors: [UInt8] = []
        func add(_ bytes: [UInt8]) -> Int {
            guard !bytes.isEmpty else { return 0xFFFF_FFFE }
            let first = fat.count
            let count = (bytes.count + sector - 1) / sector
            for index in 0..<count { fat.append(index + 1 < count ? first + index + 1 : 0xFFFF_FFFE) }
            sectors += bytes + [UInt8](repeating: 0, count: count * sector - bytes.count)
            return first
        }
        var mini: [UInt8] = []
        var miniFat: [Int] = []
        struct Node {
            var name: String
            var kind: Int
            var start = 0
            var size = 0
            var child = 0xFFFF_FFFF
            var right = 0xFFFF_FFFF
        }
        var nodes = [Node(name: "Root Entry", kind: 5)]
        func attach(_ node: Node, to parent: Int) -> Int {
            var node = node
            node.right = nodes[parent].child
            nodes.append(node)
            nodes[parent].child = nodes.count - 1
            return nodes.count - 1
        }
        for stream in streams {
            let parts = stream.name.split(separator: "/").map(String.init)
            var parent = 0
            if parts.count == 2 { parent = attach(Node(name: parts[0], kind: 1), to: 0) }
            var node = Node(name: parts[parts.count - 1], kind: 2, size: stream.bytes.count)
            if stream.bytes.count < 4096 {
                node.start = miniFat.count
                let count = (stream.bytes.count + 63) / 64
                for index in 0..<count { miniFat.append(index + 1 < count ? node.start + index + 1 : 0xFFFF_FFFE) }
                mini += stream.bytes + [UInt8](repeating: 0, count: count * 64 - stream.bytes.count)
                if count == 0 { node.start = 0xFFFF_FFFE }
            } else {
                node.start = add(stream.bytes)
            }
            _ = attach(node, to: parent)
        }
        nodes[0].start = add(mini)
        nodes[0].size = mini.count
        let miniFatStart = add(miniFat.flatMap { le($0, 4) })
        var directory: [UInt8] = []
        for node in nodes {
            var name: [UInt8] = []
            for unit in node.name.utf16 { name += le(Int(unit), 2) }
            name += [0, 0]
            directory += name
            directory += [UInt8](repeating: 0, count: 64 - name.count)
            directory += le(name.count, 2)
            directory += [UInt8(node.kind), 1]
            directory += le(0xFFFF_FFFF, 4)
            directory += le(node.right, 4)
            directory += le(node.child, 4)
            directory += [UInt8](repeating: 0, count: 36)
            directory += le(node.start, 4)
            directory += le(node.size, 8)
        }
        let directoryStart = add(directory)
        // The FAT describes its own sectors too.
        var fatCount = 1
        while (fat.count + fatCount) * 4 > fatCount * sector { fatCount += 1 }
        let fatStart = fat.count
        for _ in 0..<fatCount { fat.append(0xFFFF_FFFD) }
        var table = fat.flatMap { le($0, 4) }
        while table.count < fatCount * sector { table += le(0xFFFF_FFFF, 4) }
        sectors += table
        var header: [UInt8] = [0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1]
        header += [UInt8](repeating: 0, count: 16)
        header += le(0x3E, 2)
        header += le(shift == 9 ? 3 : 4, 2)
        header += [0xFE, 0xFF]
        header += le(shift, 2)
        header += le(6, 2)
        header += le(0, 6)
        header += le(0, 4)
        header += le(fatCount, 4)
        header += le(directoryStart, 4)
        header += le(0, 4)
        header += le(4096, 4)
        header += le(miniFatStart, 4)
        header += le((miniFat.count * 4 + sector - 1) / sector, 4)
        header += le(0xFFFF_FFFE, 4)
        header += le(0, 4)
        for index in 0..<109 { header += le(index < fatCount ? fatStart + index : 0xFFFF_FFFF, 4) }
        header += [UInt8](repeating: 0, count: sector - 512)
        return header + sectors
    }
}
