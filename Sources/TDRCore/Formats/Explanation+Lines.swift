import Pronom

extension Explanation {
    /// What led to the answer, one fact a line, for people.
    var lines: [String] {
        var lines: [String] = []
        for hit in signatures {
            let places = hit.places.map { place in
                "\(place.length) bytes at \(place.offset)\(place.isFromEnd ? " from the end" : "")"
            }
            lines.append("signature \(hit.signature) of \(hit.puid) holds: \(places.joined(separator: ", "))")
        }
        if signatures.isEmpty { lines.append("no binary signature holds") }
        if let container {
            if let containerFault {
                lines.append("opened as \(container.name), which failed: \(containerFault)")
            } else if containerHits.isEmpty {
                lines.append("opened as \(container.name): no container signature holds")
            }
            for hit in containerHits {
                lines.append(
                    "container signature \(hit.signature) of \(hit.puid) holds: \(hit.description), by "
                        + hit.members.map(\.name).joined(separator: ", "))
            }
        }
        for format in outranked {
            lines.append(
                format.by.isEmpty
                    ? "\(format.puid) gives way to what the container says"
                    : "\(format.puid) is outranked by \(format.by.joined(separator: ", "))")
        }
        if identification.matches.contains(where: { $0.method == .fileExtension }) {
            lines.append("by extension only: formats without a binary signature that list it")
        }
        if let encryption = identification.encryption { lines.append("protected: \(encryption.reason)") }
        return lines
    }
}
