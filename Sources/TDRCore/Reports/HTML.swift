import Streams

/// Text as HTML. Whatever stands in a name, it is text in the page and neither markup nor a way to steer its reader.
package enum HTML {
    /// Text that is safe in an element and in a quoted attribute.
    package static func text(_ text: some StringProtocol) -> String {
        var out = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": out.append(contentsOf: "&amp;".unicodeScalars)
            case "<": out.append(contentsOf: "&lt;".unicodeScalars)
            case ">": out.append(contentsOf: "&gt;".unicodeScalars)
            case "\"": out.append(contentsOf: "&quot;".unicodeScalars)
            case "'": out.append(contentsOf: "&#39;".unicodeScalars)
            default:
                // Engines and libmagic quote what they find in files.
                if isSteering(scalar) {
                    out.append(contentsOf: "\u{FFFD}".unicodeScalars)
                } else {
                    out.append(scalar)
                }
            }
        }
        return String(out)
    }

    /// A path: one line, by its bytes. Each part keeps its own direction, so that a Hebrew folder does not swap places
    /// with what stands in it.
    package static func path(_ path: BytePath) -> String {
        let parts = path.display.split(separator: "/", omittingEmptySubsequences: false).map { part in
            part.utf8.allSatisfy { $0 < 0x80 } ? text(part) : "<bdi>\(text(part))</bdi>"
        }
        return "<span class=\"path\" dir=\"ltr\">\(parts.joined(separator: "/"))</span>"
    }

    /// A table that can be wider than the page.
    package static func table(_ head: [String], _ rows: [[String]], right: Set<Int> = []) -> String {
        func cells(_ row: [String], _ tag: String) -> String {
            row.enumerated().map { "<\(tag)\(right.contains($0) ? " class=\"n\"" : "")>\($1)</\(tag)>" }.joined()
        }
        let scope = head.isEmpty ? "" : "<thead><tr>\(cells(head, "th"))</tr></thead>"
        return "<table>\(scope)<tbody>" + rows.map { "<tr>\(cells($0, "td"))</tr>" }.joined(separator: "\n")
            + "</tbody></table>"
    }

    /// A bar that takes `share` of its place.
    package static func bar(_ share: Double, _ label: String) -> String {
        let width = max(share > 0 ? 0.5 : 0, (share * 1000).rounded() / 10)
        return
            "<svg class=\"bar\" viewBox=\"0 0 100 10\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"\(text(label))\">"
            + "<rect width=\"\(width)\" height=\"10\"/></svg>"
    }

    /// Columns side by side, each a share of the highest, with a tip for the mouse.
    package static func columns(_ columns: [(share: Double, tip: String)], _ label: String) -> String {
        let room = 10.0
        let rects = columns.enumerated().map { index, column in
            let height = max(column.share > 0 ? 1 : 0, (column.share * 1000).rounded() / 10)
            return "<rect x=\"\(Double(index) * room + 1)\" y=\"\(100 - height)\" width=\"\(room - 2)\" "
                + "height=\"\(height)\"><title>\(text(column.tip))</title></rect>"
        }.joined()
        return
            "<svg class=\"columns\" viewBox=\"0 0 \(Double(columns.count) * room) 100\" preserveAspectRatio=\"none\" "
            + "role=\"img\" aria-label=\"\(text(label))\">\(rects)</svg>"
    }
}
