import GraphQL
import TDRCore

/// The scalars of the schema, by the original's names.
enum Scalars {
    static let all: [TypeDefinition] = [.scalar(uuid), .scalar(long), .scalar(zoned), .scalar(local)]

    private static let uuid = ScalarType(
        "UUID", "An id: 36 characters, as in 7e4a1f0c-4c5b-8d6e-9f70-123456789abc.",
        specifiedBy: "https://www.rfc-editor.org/rfc/rfc9562",
        parse: { value in
            guard let text = value.string, let id = RecordID(text) else {
                throw FieldError.input("UUID cannot represent \(value.text.prefix(60))")
            }
            return .string(id.description)
        })

    private static let long = ScalarType(
        "Long", "A whole number of 64 bits. A text of digits is taken, too, for clients whose numbers are shorter.",
        parse: { value in
            switch value {
            case .int: return value
            case .float(let number) where number == number.rounded() && abs(number) < 9_007_199_254_740_992:
                return .int(Int(number))
            case .string(let text):
                guard let number = Int(text) else { fallthrough }
                return .int(number)
            default: throw FieldError.input("Long cannot represent \(value.text.prefix(60))")
            }
        })

    private static let zoned = ScalarType(
        "ZonedDateTime", "A moment, as in 2026-02-03T10:33:30Z.",
        specifiedBy: "https://www.rfc-editor.org/rfc/rfc3339",
        parse: { value in
            guard let text = value.string, let moment = Timestamp(text) else {
                throw FieldError.input("ZonedDateTime cannot represent \(value.text.prefix(60))")
            }
            return .string(moment.description)
        })

    private static let local = ScalarType(
        "LocalDateTime", "A date and time of UTC without its zone, as in 2026-02-03T10:33:30.")
}

extension Timestamp {
    /// As `ZonedDateTime`.
    var json: JSONValue { .string(description) }
}

/// The enums of the schema.
enum Enums {
    static let all: [TypeDefinition] = [
        .enum(
            EnumType(
                "ConsignmentOrderField", "By what consignments are ordered.",
                values: [
                    .init("ConsignmentReference", "By the number in their reference, not by its letters."),
                    .init("CreatedAtTimestamp", "By when they were made: the same order."),
                ])),
        .enum(
            EnumType(
                "OrderDirection", "Which end comes first.",
                values: [.init("Ascending", "The oldest first."), .init("Descending", "The newest first.")])),
    ]
}
