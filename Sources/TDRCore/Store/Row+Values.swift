import GRDB

/// Values of rows that may be damaged: GRDB's own subscripts end the program when a column has another type or name
/// than the schema says, as a flipped bit can make it.
extension Row {
    func value<Value: DatabaseValueConvertible>(_ column: String) throws -> Value {
        try decode(Value.self, forColumn: column)
    }

    func value<Value: DatabaseValueConvertible & StatementColumnConvertible>(_ column: String) throws -> Value {
        try decode(Value.self, forColumn: column)
    }

    func value<Value: DatabaseValueConvertible>(_ place: Int) throws -> Value {
        try decode(Value.self, atIndex: place)
    }

    func value<Value: DatabaseValueConvertible & StatementColumnConvertible>(_ place: Int) throws -> Value {
        try decode(Value.self, atIndex: place)
    }
}

/// The values of a row, one after the other: to look columns up by their names takes longer than all else that is done
/// with one.
struct RowValues {
    private let row: Row
    private var place: Int

    init(_ row: Row) {
        self.row = row
        place = 0
    }

    mutating func next<Value: DatabaseValueConvertible>() throws -> Value {
        defer { place += 1 }
        return try row.value(place)
    }

    mutating func next<Value: DatabaseValueConvertible & StatementColumnConvertible>() throws -> Value {
        defer { place += 1 }
        return try row.value(place)
    }
}

extension Statement {
    /// What `make` makes of the first row; nil when there is none.
    ///
    /// It gets the row while the statement stands at it: a row that was fetched, which is a copy, looks columns up by
    /// comparing one name after the other.
    func first<Value>(_ arguments: StatementArguments, _ make: (Row) throws -> Value) throws -> Value? {
        let rows = try Row.fetchCursor(self, arguments: arguments)
        return try rows.next().map(make)
    }
}
