package import Streams

/// Writes a table as an Office Open XML workbook (ECMA-376, "xlsx"): text cells only, rows as they come.
///
/// A cell is always text: what begins as a formula does is stored as text and marked so (`quotePrefix`, and a tint), and
/// no reader computes it. Rows beyond the 1,048,576 of a sheet go on in a further one under the same titles. Rows wait in
/// `scratch` when there are too many for memory, since ZIP wants to know the size of a sheet first.
package final class WorkbookWriter {
    /// A column.
    package struct Column: Sendable {
        let title: String
        let width: Int
        let isHidden: Bool

        /// A column of `width` characters.
        package init(_ title: String, width: Int = 20, isHidden: Bool = false) {
            self.title = title
            self.width = width
            self.isHidden = isHidden
        }
    }

    /// Rows of a sheet, the titles included.
    package static let rowLimit = 1_048_576
    /// UTF-16 units of a cell.
    package static let cellLimit = 32_767

    private let sheet: String
    private let columns: [Column]
    private let scratch: BytePath
    private let rowLimit: Int
    private var sheets: [Spool] = []
    private var rows = 0
    private var pending: [UInt8] = []

    /// A workbook with one table. `rowLimit` is for tests.
    package init(sheet: String, columns: [Column], scratch: BytePath, rowLimit: Int = WorkbookWriter.rowLimit) {
        self.sheet = sheet
        self.columns = columns
        self.scratch = scratch
        self.rowLimit = rowLimit
    }

    /// Adds a row, a text for each column.
    ///
    /// - Throws: ``SystemFault`` when `scratch` takes no more.
    package func add(_ cells: [String]) throws {
        if sheets.isEmpty || rows == rowLimit { try beginSheet() }
        try write(cells, style: nil)
    }

    /// Writes the workbook. Call it once, at the end.
    package func finish(modifiedSeconds: Int64, sink: @escaping (UnsafeRawBufferPointer) throws -> Void) throws {
        if sheets.isEmpty { try beginSheet() }
        try endSheet()
        let archive = try ZipWriter(scratch: scratch, sink: sink)
        func part(_ name: String, _ text: String) throws {
            let bytes = Array(("<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n" + text).utf8)
            try archive.beginFile(Array(name.utf8), size: Int64(bytes.count), modifiedSeconds: modifiedSeconds)
            try archive.write(bytes)
            try archive.endFile()
        }
        let numbers = Array(1...sheets.count)
        try part("[Content_Types].xml", contentTypes(numbers))
        try part("_rels/.rels", Self.rootRelationships)
        try part("xl/workbook.xml", workbook(numbers))
        try part("xl/_rels/workbook.xml.rels", relationships(numbers))
        try part("xl/styles.xml", Self.styles)
        let piece = Buffer(count: 256 << 10)
        for (number, spool) in zip(numbers, sheets) {
            try archive.beginFile(
                Array("xl/worksheets/sheet\(number).xml".utf8), size: spool.count, modifiedSeconds: modifiedSeconds)
            var offset: Int64 = 0
            while offset < spool.count {
                let count = try spool.read(into: piece.bytes, at: offset)
                try archive.write(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(piece.bytes)[..<count]))
                offset += Int64(count)
            }
            try archive.endFile()
        }
        try archive.finish()
    }

    // MARK: Sheets

    private func beginSheet() throws {
        if !sheets.isEmpty { try endSheet() }
        sheets.append(Spool(memoryBytes: 1 << 20, folder: scratch))
        rows = 0
        let columns = columns.enumerated().map { index, column in
            "<col min=\"\(index + 1)\" max=\"\(index + 1)\" width=\"\(column.width)\" customWidth=\"1\""
                + (column.isHidden ? " hidden=\"1\"" : "") + "/>"
        }.joined()
        try put(
            """
            <?xml version="1.0" encoding="UTF-8" standalone="yes"?>
            <worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetViews><sheetView \
            workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView>\
            </sheetViews><cols>\(columns)</cols><sheetData>
            """)
        try write(self.columns.map(\.title), style: 1)
    }

    private func endSheet() throws {
        try put("</sheetData></worksheet>")
        try flush()
    }

    private func write(_ cells: [String], style: Int?) throws {
        rows += 1
        var out = "<row r=\"\(rows)\">"
        for (index, cell) in cells.enumerated() where !cell.isEmpty {
            let number = style ?? (WorkbookWriter.looksLikeFormula(cell) ? 2 : 0)
            out += "<c r=\"\(WorkbookWriter.letters(index))\(rows)\"\(number == 0 ? "" : " s=\"\(number)\"")"
            out += " t=\"inlineStr\"><is><t xml:space=\"preserve\">\(WorkbookWriter.escaped(cell))</t></is></c>"
        }
        try put(out + "</row>")
    }

    private func put(_ text: String) throws {
        pending += Array(text.utf8)
        if pending.count >= 1 << 16 { try flush() }
    }

    private func flush() throws {
        guard let spool = sheets.last else { return }
        try pending.withUnsafeBytes { try spool.write($0) }
        pending.removeAll(keepingCapacity: true)
    }

    // MARK: Text

    /// Whether a program that takes cells for what they look like would compute it.
    package static func looksLikeFormula(_ text: String) -> Bool {
        guard let first = text.unicodeScalars.first else { return false }
        return ["=", "+", "-", "@", "\t", "\r"].contains(first)
    }

    /// `A` for the first column.
    static func letters(_ index: Int) -> String {
        var (rest, out) = (index, "")
        repeat {
            out = String(UnicodeScalar(UInt8(65 + rest % 26))) + out
            rest = rest / 26 - 1
        } while rest >= 0
        return out
    }

    /// The text of a cell as XML (ECMA-376 part 1, 22.9.2.19): what XML cannot hold as `_xHHHH_`, and what would be read as
    /// that with its first character so; cut at the limit of a cell.
    package static func escaped(_ text: String) -> String {
        var text = text
        if text.utf16.count > cellLimit {
            var units = Array(text.utf16.prefix(cellLimit - 1))
            // Not half a pair.
            if let last = units.last, UTF16.isLeadSurrogate(last) { units.removeLast() }
            text = String(decoding: units, as: UTF16.self) + "…"
        }
        var out = String.UnicodeScalarView()
        let scalars = Array(text.unicodeScalars)
        for (index, scalar) in scalars.enumerated() {
            switch scalar {
            case "&": out.append(contentsOf: "&amp;".unicodeScalars)
            case "<": out.append(contentsOf: "&lt;".unicodeScalars)
            case ">": out.append(contentsOf: "&gt;".unicodeScalars)
            case "\n", "\t": out.append(scalar)
            case "_" where isEscape(scalars[index...]): out.append(contentsOf: "_x005F_".unicodeScalars)
            default:
                if scalar.value < 0x20 || scalar.value == 0x7F || scalar.value == 0xFFFE || scalar.value == 0xFFFF {
                    let hex = String(scalar.value, radix: 16, uppercase: true)
                    out.append(
                        contentsOf: ("_x" + String(repeating: "0", count: 4 - hex.count) + hex + "_").unicodeScalars)
                } else {
                    out.append(scalar)
                }
            }
        }
        return String(out)
    }

    private static func isEscape(_ scalars: ArraySlice<Unicode.Scalar>) -> Bool {
        let seven = Array(scalars.prefix(7))
        return seven.count == 7 && seven[1] == "x" && seven[6] == "_"
            && seven[2..<6].allSatisfy { $0.isASCII && $0.properties.isASCIIHexDigit }
    }

    // MARK: Parts

    private func name(_ number: Int) -> String {
        WorkbookWriter.escaped(number == 1 ? sheet : "\(sheet) \(number)").replacing("\"", with: "&quot;")
    }

    private func workbook(_ numbers: [Int]) -> String {
        let sheets = numbers.map { "<sheet name=\"\(name($0))\" sheetId=\"\($0)\" r:id=\"rId\($0)\"/>" }.joined()
        return """
            <workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" \
            xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets>\(sheets)</sheets></workbook>
            """
    }

    private func relationships(_ numbers: [Int]) -> String {
        let base = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
        let sheets = numbers.map {
            "<Relationship Id=\"rId\($0)\" Type=\"\(base)/worksheet\" Target=\"worksheets/sheet\($0).xml\"/>"
        }.joined()
        return "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">\(sheets)"
            + "<Relationship Id=\"rId\(numbers.count + 1)\" Type=\"\(base)/styles\" Target=\"styles.xml\"/></Relationships>"
    }

    private func contentTypes(_ numbers: [Int]) -> String {
        let base = "application/vnd.openxmlformats-officedocument.spreadsheetml"
        let sheets = numbers.map {
            "<Override PartName=\"/xl/worksheets/sheet\($0).xml\" ContentType=\"\(base).worksheet+xml\"/>"
        }.joined()
        return """
            <Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" \
            ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" \
            ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="\(base).sheet.main+xml"/>\
            <Override PartName="/xl/styles.xml" ContentType="\(base).styles+xml"/>\(sheets)</Types>
            """
    }

    private static let rootRelationships = """
        <Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" \
        Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" \
        Target="xl/workbook.xml"/></Relationships>
        """

    /// 0 plain, 1 titles, 2 text that looks like a formula. 49 is the number format "Text".
    private static let styles = """
        <styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><fonts count="2"><font><sz val="11"/>\
        <name val="Calibri"/></font><font><b/><sz val="11"/><name val="Calibri"/></font></fonts><fills count="3"><fill>\
        <patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill><fill><patternFill \
        patternType="solid"><fgColor rgb="FFFFF2CC"/><bgColor indexed="64"/></patternFill></fill></fills><borders count="1">\
        <border><left/><right/><top/><bottom/><diagonal/></border></borders><cellStyleXfs count="1"><xf numFmtId="0" \
        fontId="0" fillId="0" borderId="0"/></cellStyleXfs><cellXfs count="3"><xf numFmtId="49" fontId="0" fillId="0" \
        borderId="0" xfId="0" applyNumberFormat="1"/><xf numFmtId="49" fontId="1" fillId="0" borderId="0" xfId="0" \
        applyNumberFormat="1" applyFont="1"/><xf numFmtId="49" fontId="0" fillId="2" borderId="0" xfId="0" quotePrefix="1" \
        applyNumberFormat="1" applyFill="1"/></cellXfs></styleSheet>
        """
}
