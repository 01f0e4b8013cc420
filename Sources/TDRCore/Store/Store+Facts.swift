import FoundationEssentials
import GRDB
import Streams

extension Store {
    /// A consignment by its id or reference, with what decides who may touch it; nil when there is none.
    public func facts(_ name: String) throws -> ConsignmentFacts? {
        try remembered(.facts(name)) { db in
            let condition: String
            let argument: any DatabaseValueConvertible
            if let id = RecordID(name) {
                (condition, argument) = ("uuid = ?", Data(id.bytes))
            } else {
                (condition, argument) = ("reference = ?", name)
            }
            return try Row.fetchOne(
                db.cachedStatement(sql: "\(ConsignmentFacts.selection) WHERE \(condition)"), arguments: [argument]
            ).map(ConsignmentFacts.init)
        }
    }
}

extension Store {
    /// The facts of these consignments, in the order in which they were made.
    package func facts(of consignments: [Consignment]) throws -> [ConsignmentFacts] {
        try read { try $0.facts(consignments.map(\.row)) }
    }
}

extension Database {
    /// The facts of these consignments by their rows, in the order of the rows.
    func facts(_ rows: [Int64]) throws -> [ConsignmentFacts] {
        try Row.fetchAll(
            self,
            sql: """
                \(ConsignmentFacts.selection) WHERE consignment.id IN (SELECT value FROM json_each(?))
                ORDER BY consignment.id
                """, arguments: ["[" + rows.map(String.init).joined(separator: ",") + "]"]
        ).map(ConsignmentFacts.init)
    }
}

extension ConsignmentFacts {
    /// What ``init(_:)`` reads of one consignment after the other.
    static let selection = """
        SELECT \(columns(isUnderReview: """
            EXISTS (SELECT 1 FROM consignmentStatus AS review
                WHERE review.consignmentId = consignment.id AND statusType = 'MetadataReview')
            """))
        FROM consignment LEFT JOIN delivery ON delivery.consignmentId = consignment.id
        """

    /// The columns that ``init(_:)`` reads, in its order, where `delivery` is joined.
    static func columns(isUnderReview: String) -> String {
        "\(Consignment.columns), delivery.owner, \(isUnderReview), consignment.seriesId"
    }

    /// From a row that begins with ``columns(isUnderReview:)``.
    init(_ row: Row) throws {
        var values = RowValues(row)
        consignment = try Consignment(&values)
        owner = (try values.next() as Data?).flatMap { RecordID(bytes: Array($0)) }
        isUnderReview = try values.next()
        seriesRow = try values.next()
    }
}
