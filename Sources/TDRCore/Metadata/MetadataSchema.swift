import CSignatures
import FoundationEssentials
public import Streams

/// Which properties files have, what their values must be, and which rules tie them together: a JSON Schema document,
/// of which a documented part is understood and everything else refused.
public struct MetadataSchema: Sendable {
    private static let mostBytes: Int64 = 4 << 20

    /// Its version, which a consignment records and a bag tells.
    public let version: String
    let properties: [MetadataProperty]
    let rules: [MetadataRule]
    /// Properties by the title of their column, in lower case.
    private let titles: [String: Int]
    private let names: [String: Int]

    /// The schema that the program carries: `metadata-schema.json`.
    public static let standard: MetadataSchema = {
        let bytes = UnsafeRawBufferPointer(start: tdr_metadata_schema(), count: tdr_metadata_schema_count())
        do {
            return try MetadataSchema(json: Data(bytes), base: nil)
        } catch {
            preconditionFailure("the schema that the program was built with is sound: \(error)")
        }
    }()

    /// Reads a schema of a user. With `"x-extends": true` it adds to ``standard`` and replaces what it names anew;
    /// otherwise it stands alone.
    ///
    /// - Throws: ``MetadataError/badSchema(_:reason:)``.
    public init(readingJSON path: BytePath) throws {
        do {
            let file = try OpenFile.reading(path)
            let size = try file.status().size
            guard size <= MetadataSchema.mostBytes else { throw SchemaFault("it is larger than 4 MiB") }
            let buffer = Buffer(count: max(1, Int(size)))
            let count = try file.fill(buffer.bytes)
            try self.init(json: Data(buffer.prefix(count)), base: .standard)
        } catch let error as DecodingError {
            throw MetadataError.badSchema(path, reason: "it is not JSON (\(error))")
        } catch {
            throw MetadataError.badSchema(path, reason: "\(error)")
        }
    }

    init(json: Data, base: MetadataSchema?) throws {
        let node = try JSONDecoder().decode(SchemaNode.self, from: json)
        let object = try SchemaObject(
            node, at: "the schema",
            keys: ["$schema", "$id", "title", "description", "version", "type", "properties", "allOf", "x-extends"])
        version = try object.required("version", \.text)
        guard !version.isEmpty, !version.contains(where: \.isNewline) else {
            throw SchemaFault("the version is empty or has a line break")
        }
        let extended = try object.optional("x-extends", \.flag) ?? false ? base : nil
        var properties = extended?.properties ?? []
        let own = try object.optional("properties", \.object) ?? [:]
        let order = MetadataSchema.order(own)
        for name in order {
            guard let node = own[name] else { continue }
            let property = try MetadataProperty(name, node)
            if let place = properties.firstIndex(where: { $0.name == name }) {
                // What the system knows cannot be made a matter of opinion.
                guard properties[place].role == property.role else {
                    throw SchemaFault("properties/\(name) cannot have another x-role")
                }
                properties[place] = property
            } else {
                properties.append(property)
            }
        }
        var names: [String: Int] = [:]
        var titles: [String: Int] = [:]
        for (place, property) in properties.enumerated() {
            names[property.name] = place
            guard titles.updateValue(place, forKey: property.title.lowercased()) == nil else {
                throw SchemaFault("two properties have the title '\(property.title)'")
            }
        }
        guard properties.count(where: { $0.role == .key }) == 1 else {
            throw SchemaFault("exactly one property must have the x-role key")
        }
        for required in ["ClientSideOriginalFilepath"] where names[required] == nil {
            throw SchemaFault("there is no property '\(required)'")
        }
        var rules = extended?.rules ?? []
        for (place, node) in (try object.optional("allOf", \.list) ?? []).enumerated() {
            let rule = try MetadataRule(node, at: "allOf/\(place)", names: names)
            if let known = rules.firstIndex(where: { $0.id == rule.id }) {
                rules[known] = rule
            } else {
                rules.append(rule)
            }
        }
        self.properties = properties
        self.rules = rules
        self.names = names
        self.titles = titles
    }

    /// JSON objects have no order: the original's columns come in its order, others after them by name.
    private static func order(_ own: [String: SchemaNode]) -> [String] {
        let known = [
            "ClientSideOriginalFilepath", "Filename", "ClientSideFileLastModifiedDate", "end_date", "description",
            "former_reference_department", "ClosureType", "ClosureStartDate", "ClosurePeriod", "FoiExemptionCode",
            "FoiExemptionAsserted", "TitleClosed", "TitleAlternate", "DescriptionClosed", "DescriptionAlternate",
            "Language", "file_name_translation", "RightsCopyright", "CopyrightDetails", "RelatedMaterial",
            "RestrictionsOnUse", "EvidenceProvidedBy", "Note", "OriginalFilepath",
        ]
        return known.filter { own[$0] != nil } + own.keys.filter { !known.contains($0) }.sorted()
    }

    /// The place of the property whose column has this title, in any case; or of the one with this name.
    func place(ofTitle title: String) -> Int? { titles[title.lowercased()] ?? names[title] }

    /// The place of a property by its name.
    func place(ofName name: String) -> Int? { names[name] }

    /// The rules that a state breaks.
    func broken(_ state: MetadataState) -> [MetadataRule] {
        rules.filter { state.satisfies($0.condition) && !state.satisfies($0.claim) }
    }
}
