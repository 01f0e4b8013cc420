/// A completed value.
enum Cell: Sendable {
    case null
    case leaf(JSONValue)
    /// A row of a batch.
    case object(batch: Int, row: Int)
    case list([Cell])
    /// Null, and why: gone when the result is complete.
    case failure(Int)
}

/// Objects of one type that one selection was made in: a table with a column for each field.
struct Batch: Sendable {
    let plan: SelectionPlan
    let count: Int
    /// Empty once the fields are resolved.
    var parents: [any Sendable]
    var columns: [[Cell]]
}

/// What was executed: tables that refer to rows of each other. No object of the response exists by itself, it is written
/// straight from them.
struct ResultTree: Sendable {
    var batches: [Batch]
    var root: Cell

    var json: JSONValue { json(root) }

    private func json(_ cell: Cell) -> JSONValue {
        switch cell {
        case .null, .failure: return .null
        case .leaf(let value): return value
        case .list(let cells): return .list(cells.map { json($0) })
        case .object(let index, let row):
            let fields = batches[index].plan.fields
            return .object(
                JSONObject(
                    fields.indices.map { (fields[$0].responseName, json(batches[index].columns[$0][row])) }))
        }
    }

    func write(into bytes: inout [UInt8]) { write(root, into: &bytes) }

    private func write(_ cell: Cell, into bytes: inout [UInt8]) {
        switch cell {
        case .null, .failure: bytes.append(contentsOf: JSONText.null)
        case .leaf(let value): value.write(into: &bytes)
        case .list(let cells):
            bytes.append(UInt8(ascii: "["))
            var isFirst = true
            for cell in cells {
                if !isFirst { bytes.append(UInt8(ascii: ",")) }
                isFirst = false
                write(cell, into: &bytes)
            }
            bytes.append(UInt8(ascii: "]"))
        case .object(let index, let row):
            bytes.append(UInt8(ascii: "{"))
            let fields = batches[index].plan.fields
            for at in fields.indices {
                if at > 0 { bytes.append(UInt8(ascii: ",")) }
                bytes.append(contentsOf: fields[at].key)
                write(batches[index].columns[at][row], into: &bytes)
            }
            bytes.append(UInt8(ascii: "}"))
        }
    }
}
