/// The metadata of a bag: labels and values in order, labels may repeat (RFC 8493 §2.2.2).
package struct BagInfo: Hashable, Sendable {
    /// One label with one value.
    package struct Element: Hashable, Sendable {
        /// Without the colon and without blanks around it.
        package let label: String
        /// Lines that a file wraps are joined by LF, without their indent.
        package internal(set) var value: String
    }

    /// In the order of the file.
    package private(set) var elements: [Element] = []

    /// Nothing yet.
    package init() {}

    /// Adds an element that can be written as one line.
    ///
    /// - Throws: ``BagWriteFault`` for a label or value that one line cannot hold. Long values are not wrapped: readers
    ///   join wrapped lines differently.
    package mutating func append(_ label: String, _ value: String) throws(BagWriteFault) {
        let bytes = Array(label.utf8)
        guard let first = bytes.first, let last = bytes.last, !isBlank(first), !isBlank(last),
            !bytes.contains(where: { $0 == UInt8(ascii: ":") || isLineBreak($0) })
        else { throw .badLabel(label) }
        guard !value.utf8.contains(where: isLineBreak) else { throw .lineBreakInValue(label: label, value: value) }
        elements.append(Element(label: label, value: value))
    }

    /// Adds what a file says, which may be more than we would write.
    mutating func append(read label: String, _ value: String) {
        elements.append(Element(label: label, value: value))
    }

    /// Adds a continuation line to the last value; false when there is none.
    mutating func continueLast(with text: String) -> Bool {
        guard !elements.isEmpty else { return false }
        // In place: a value of a million lines must not be copied a million times.
        elements[elements.count - 1].value += "\n" + text
        return true
    }

    /// The values of a label, in order. Reserved labels are case-insensitive, and so is this.
    package func values(_ label: String) -> [String] {
        let wanted = label.lowercased()
        return elements.filter { $0.label.lowercased() == wanted }.map(\.value)
    }

    /// The file: one `Label: value` line an element, UTF-8, LF.
    package var bytes: [UInt8] {
        var out: [UInt8] = []
        for element in elements { out.append(contentsOf: "\(element.label): \(element.value)\n".utf8) }
        return out
    }
}

func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }

func isLineBreak(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") }

func trimmingBlanks(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    var rest = bytes.drop(while: isBlank)
    while let last = rest.last, isBlank(last) { rest.removeLast() }
    return rest
}
