extension Substring {
    /// Without the blanks and tabs around it, as between the parts of a header's value (RFC 9110 §5.6.3).
    func trimmingBlanks() -> Substring {
        var rest = self
        while rest.first == " " || rest.first == "\t" { rest.removeFirst() }
        while rest.last == " " || rest.last == "\t" { rest.removeLast() }
        return rest
    }
}
