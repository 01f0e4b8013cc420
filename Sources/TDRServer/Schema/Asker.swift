import GraphQL
import HTTPTypes
import Streams
import TDRCore

/// Who asks in one GraphQL request, and of what.
struct Asker: Sendable {
    let archive: Archive
    let principal: Principal
    let note: RequestNote

    /// Does work that blocks, and gives its errors the form that clients know.
    func ask<Value: Sendable>(_ body: @Sendable (Archive, Principal) throws -> Value) async throws -> Value {
        do {
            // Where it is to be quick, it is done where it is asked for.
            if ReadTerms.current.lane != nil { return try body(archive, principal) }
            return try await onThreads(archive.threads) { try body(archive, principal) }
        } catch let error as CancellationError {
            throw error
        } catch is ReadTerms.Passed {
            // Not this field alone: nothing more of the request is wanted.
            throw CancellationError()
        } catch {
            throw fieldError(error)
        }
    }

    /// Any error as a client may know it; why we failed ourselves goes to the log alone.
    func fieldError(_ error: any Error) -> FieldError {
        if let error = error as? FieldError { return error }
        let known = APIError(error)
        if known.status.code >= 500 { note.failure = "\(error)" }
        return FieldError(known.message, code: known.code.rawValue)
    }
}

extension FieldCall {
    /// Who asks.
    var asker: Asker { get throws { try context(as: Asker.self) } }

    /// Does work that blocks for all parents at once.
    func ask<Value: Sendable>(
        _ body: @Sendable (Archive, Principal, [Parent]) throws -> Value
    ) async throws -> Value {
        let parents = parents
        return try await asker.ask { try body($0, $1, parents) }
    }
}

extension FieldError {
    /// An argument that cannot be used.
    static func input(_ message: String) -> FieldError {
        FieldError(message, code: APIError.Code.invalidInput.rawValue)
    }
}

extension JSONObject {
    /// A required text of a checked input.
    func text(_ name: String) throws -> String {
        guard let text = self[name]?.string else { throw FieldError.input("'\(name)' is missing") }
        return text
    }

    /// A required id of a checked input.
    func id(_ name: String) throws -> RecordID {
        guard let id = RecordID(try text(name)) else { throw FieldError.input("'\(name)' is no UUID") }
        return id
    }
}

extension Arguments {
    /// The one input object that a mutation takes.
    func input(_ name: String) throws -> JSONObject {
        guard let object = object(name) else { throw FieldError.input("'\(name)' is missing") }
        return object
    }
}
