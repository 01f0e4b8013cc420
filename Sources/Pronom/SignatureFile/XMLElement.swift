import CExpat

/// One element of a signature file: its name without prefix, its attributes, its children and its own text.
///
/// The signature files are small and flat, so a tree is enough; what has no effect on matching (`Shift`,
/// `DefaultShift`: hints for DROID's search algorithm) is not kept.
struct XMLElement {
    let name: String
    let attributes: [String: String]
    fileprivate(set) var children: [XMLElement] = []
    fileprivate(set) var text = ""

    /// The children called `name`, in document order.
    func all(_ name: String) -> [XMLElement] { children.filter { $0.name == name } }

    /// The first child called `name`.
    func first(_ name: String) -> XMLElement? { children.first { $0.name == name } }

    /// An attribute as a number; nil when it is absent or not one.
    func number(_ attribute: String) -> Int? { attributes[attribute].flatMap(Int.init) }
}

/// Why a signature file cannot be read at all.
package enum SignatureFileFault: Error, Hashable, CustomStringConvertible {
    /// Not well-formed XML, at this line.
    case malformedXML(line: Int, reason: String)
    /// A document type declaration: signature files have none, and entities could be used to exhaust memory.
    case documentType
    /// Larger or deeper than any signature file.
    case tooLarge
    /// Well-formed XML, but the root element is another.
    case unexpectedRoot(found: String, expected: String)
    /// The compiled form could not hold it: more records than fit.
    case tooManyRecords

    package var description: String {
        switch self {
        case .malformedXML(let line, let reason): "not well-formed XML at line \(line): \(reason)"
        case .documentType: "it declares a document type, which signature files never do"
        case .tooLarge: "it is larger or deeper than any signature file"
        case .unexpectedRoot(let found, let expected): "its root element is '\(found)' where '\(expected)' was expected"
        case .tooManyRecords: "it holds more signatures than the compiled form has room for"
        }
    }
}

extension XMLElement {
    /// Bytes of XML accepted at most: V122 has 3.7 MB.
    private static let byteLimit = 64 << 20

    /// Parses a whole document.
    init(document: [UInt8]) throws(SignatureFileFault) {
        guard document.count <= Self.byteLimit else { throw .tooLarge }
        guard let parser = XML_ParserCreate(nil) else { throw .tooLarge }
        defer { XML_ParserFree(parser) }
        let builder = TreeBuilder(parser)
        let status = document.withUnsafeBytes { raw in
            withExtendedLifetime(builder) {
                XML_SetUserData(parser, Unmanaged.passUnretained(builder).toOpaque())
                XML_SetElementHandler(parser, elementStarted, elementEnded)
                XML_SetCharacterDataHandler(parser, charactersFound)
                XML_SetStartDoctypeDeclHandler(parser, doctypeFound)
                return XML_Parse(parser, raw.bindMemory(to: CChar.self).baseAddress, Int32(raw.count), 1)
            }
        }
        if let fault = builder.fault { throw fault }
        guard status == XML_STATUS_OK, let root = builder.root else {
            let reason = XML_ErrorString(XML_GetErrorCode(parser)).map { String(cString: $0) } ?? "unknown"
            throw .malformedXML(line: Int(XML_GetCurrentLineNumber(parser)), reason: reason)
        }
        self = root
    }
}

/// Collects what expat reports. A class because the C callbacks need a stable address.
private final class TreeBuilder {
    private static let depthLimit = 64
    private static let elementLimit = 4_000_000

    private let parser: XML_Parser
    private var open: [XMLElement] = []
    private var text: [UInt8] = []
    private var count = 0
    private var skipping = 0
    var root: XMLElement?
    var fault: SignatureFileFault?

    init(_ parser: XML_Parser) { self.parser = parser }

    func stop(_ fault: SignatureFileFault) {
        self.fault = self.fault ?? fault
        XML_StopParser(parser, XML_Bool(0))
    }

    func start(_ name: String, _ attributes: UnsafeMutablePointer<UnsafePointer<XML_Char>?>?) {
        if skipping > 0 || name == "Shift" || name == "DefaultShift" {
            skipping += 1
            return
        }
        count += 1
        guard open.count < Self.depthLimit, count < Self.elementLimit else { return stop(.tooLarge) }
        keepText()
        var values: [String: String] = [:]
        var cursor = attributes
        while let key = cursor?[0], let value = cursor?[1] {
            values[String(cString: key)] = String(cString: value)
            cursor = cursor?.advanced(by: 2)
        }
        open.append(XMLElement(name: name, attributes: values))
    }

    func end() {
        if skipping > 0 {
            skipping -= 1
            return
        }
        keepText()
        guard let element = open.popLast() else { return }
        if open.isEmpty { root = element } else { open[open.count - 1].children.append(element) }
    }

    func add(_ characters: UnsafeBufferPointer<UInt8>) {
        if skipping == 0 { text.append(contentsOf: characters) }
    }

    /// White space between elements is layout; inside a leaf it may belong to a quoted string and stays.
    private func keepText() {
        defer { text.removeAll(keepingCapacity: true) }
        guard !open.isEmpty, text.contains(where: { $0 > 0x20 }) else { return }
        open[open.count - 1].text += String(decoding: text, as: UTF8.self)
    }
}

private func builder(_ userData: UnsafeMutableRawPointer?) -> TreeBuilder? {
    userData.map { Unmanaged<TreeBuilder>.fromOpaque($0).takeUnretainedValue() }
}

private let elementStarted: XML_StartElementHandler = { userData, name, attributes in
    guard let name else { return }
    let qualified = String(cString: name)
    let local = qualified.lastIndex(of: ":").map { String(qualified[qualified.index(after: $0)...]) } ?? qualified
    builder(userData)?.start(local, attributes)
}

private let elementEnded: XML_EndElementHandler = { userData, _ in builder(userData)?.end() }

private let charactersFound: XML_CharacterDataHandler = { userData, characters, length in
    guard let characters, length > 0 else { return }
    characters.withMemoryRebound(to: UInt8.self, capacity: Int(length)) {
        builder(userData)?.add(UnsafeBufferPointer(start: $0, count: Int(length)))
    }
}

private let doctypeFound: XML_StartDoctypeDeclHandler = { userData, _, _, _, _ in
    builder(userData)?.stop(.documentType)
}
