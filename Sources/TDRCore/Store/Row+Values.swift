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
