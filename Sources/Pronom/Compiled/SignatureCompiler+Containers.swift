/// Container signatures in compiled form.
extension SignatureCompiler {
    /// Writes paths, the signatures asked of their bytes, and which formats they tell.
    mutating func write(containers signatures: [ContainerSignature]) {
        struct PathKey: Hashable {
            var kind: ContainerKind
            var path: String
        }
        var order: [PathKey] = []
        var wanted: [PathKey: [InternalSignature]] = [:]
        for signature in signatures {
            for file in signature.files {
                let key = PathKey(kind: signature.kind, path: file.path)
                if wanted[key] == nil { order.append(key) }
                wanted[key, default: []] += file.signatures
            }
        }
        // The signatures of one path stand together, in the order in which the container signatures name them.
        var next: [PathKey: UInt32] = [:]
        var number: [PathKey: UInt32] = [:]
        var paths: [PathRecord] = []
        for key in order {
            var record = PathRecord()
            record.path = writer.text(key.path)
            record.kind = key.kind.rawValue
            record.isPattern = MemberPattern.isPattern(key.path) ? 1 : 0
            record.signatures.start = writer.count(.signatures)
            for signature in wanted[key] ?? [] {
                write(signature, format: 0, isDispatched: false)
                for sequence in signature.sequences {
                    let first = sequence.chains[0]
                    if sequence.anchor == .start, let maximum = first.maximum {
                        record.reach = max(record.reach, UInt32(maximum + first.longest))
                    }
                    if sequence.anchor != .start || sequence.chains.count > 1 { record.isUnbounded = 1 }
                }
            }
            record.signatures.count = writer.count(.signatures) - record.signatures.start
            next[key] = record.signatures.start
            number[key] = UInt32(paths.count)
            paths.append(record)
        }
        writer.append(paths, to: .paths)
        var records: [ContainerRecord] = []
        for signature in signatures {
            var files: [ContainerFileRecord] = []
            for file in signature.files {
                let key = PathKey(kind: signature.kind, path: file.path)
                let slice = Slice(start: next[key] ?? 0, count: UInt32(file.signatures.count))
                next[key] = slice.start + slice.count
                files.append(ContainerFileRecord(path: number[key] ?? 0, signatures: slice))
            }
            let slice = writer.append(files, to: .containerFiles)
            for puid in signature.puids {
                guard let format = formatIndex[puid] else { continue }
                records.append(
                    ContainerRecord(
                        id: UInt32(clamping: signature.id), kind: signature.kind.rawValue,
                        description: writer.text(signature.description), format: format, files: slice))
            }
        }
        writer.append(records, to: .containers)
    }
}
