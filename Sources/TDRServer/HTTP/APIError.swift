import FoundationEssentials
import HTTPTypes
import Hummingbird
import NIOCore
import NIOHTTP1
import TDRCore

/// What goes wrong with a request, as every route answers it: a code for programs, a sentence for people.
struct APIError: Error, HTTPResponseError {
    let status: HTTPResponse.Status
    let code: Code
    let message: String
    var headers: HTTPFields = [:]

    /// The codes; the first three are the original's.
    enum Code: String {
        case notAuthorised = "NOT_AUTHORISED"
        case invalidState = "INVALID_CONSIGNMENT_STATE"
        case invalidInput = "INVALID_INPUT_DATA"
        case notAuthenticated = "NOT_AUTHENTICATED"
        case notFound = "NOT_FOUND"
        case tooLarge = "TOO_LARGE"
        case tooMany = "TOO_MANY_REQUESTS"
        case timeout = "TIMEOUT"
        case conflict = "CONFLICT"
        case precondition = "PRECONDITION_FAILED"
        case digestMismatch = "DIGEST_MISMATCH"
        case unavailable = "UNAVAILABLE"
        /// Somebody works on the consignment just now.
        case busy = "BUSY"
        case badRequest = "BAD_REQUEST"
        case method = "METHOD_NOT_ALLOWED"
        case inner = "INTERNAL_ERROR"
    }

    init(_ status: HTTPResponse.Status, _ code: Code, _ message: String, headers: HTTPFields = [:]) {
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers
    }

    /// A request without a token that counts.
    static var notAuthenticated: APIError {
        APIError(
            .unauthorized, .notAuthenticated, "a valid bearer token is needed: Authorization: Bearer …",
            headers: [.wwwAuthenticate: "Bearer"])
    }

    /// What is missing and what is forbidden look the same.
    static let notFound = APIError(.notFound, .notFound, "there is nothing here that you may use")

    /// Any error as a client may know it: what is wrong with the request in full, what is wrong with us in a few words.
    init(_ error: any Error) {
        switch error {
        case let error as APIError: self = error
        case let error as DeliveryError:
            switch error {
            case .wrongState: self.init(.conflict, .invalidState, "\(error)")
            case .beingSent: self.init(.conflict, .conflict, "\(error)")
            case .mismatch: self.init(.unprocessableContent, .digestMismatch, "\(error)")
            case .tooLittleRoom: self.init(.insufficientStorage, .unavailable, "\(error)")
            case .fileTooLarge, .consignmentTooLarge: self.init(.contentTooLarge, .tooLarge, "\(error)")
            default: self.init(.unprocessableContent, .invalidInput, "\(error)")
            }
        case let error as ReviewError:
            switch error {
            case .notNow: self.init(.conflict, .invalidState, "\(error)")
            case .notesTooLong, .notesMissing: self.init(.unprocessableContent, .invalidInput, "\(error)")
            }
        case let error as AgreementError:
            if case .exported = error {
                self.init(.conflict, .invalidState, "\(error)")
            } else {
                self.init(.unprocessableContent, .invalidInput, "\(error)")
            }
        case let error as MetadataError:
            if case .notNow = error {
                self.init(.conflict, .invalidState, "\(error)")
            } else {
                self.init(.unprocessableContent, .invalidInput, "\(error)")
            }
        case let error as RepairError:
            switch error {
            case .notUploaded, .exported, .lastFile: self.init(.conflict, .invalidState, "\(error)")
            default: self.init(.unprocessableContent, .invalidInput, "\(error)")
            }
        case is QuarantineError: self.init(.conflict, .invalidState, "\(error)")
        case is PeopleError, is SeriesError, UploadError.seriesOfAnotherBody:
            self.init(.unprocessableContent, .invalidInput, "\(error)")
        case let error as ReportedResultError:
            if case .notNow = error {
                self.init(.conflict, .invalidState, "\(error)")
            } else {
                self.init(.unprocessableContent, .invalidInput, "\(error)")
            }
        case StoreError.cancelled: self.init(.conflict, .invalidState, "\(error)")
        case StoreError.illegalMove: self.init(.conflict, .invalidState, "\(error)")
        case let error as StoreError where error.isBusy:
            self.init(.serviceUnavailable, .busy, "the archive is busy; try again in a moment")
        case StoreError.full:
            self.init(.insufficientStorage, .unavailable, "the archive's disk is full; tell whoever runs it")
        case let error as any HTTPResponseError where error.status.code < 500:
            let code: Code =
                switch error.status {
                case .notFound: .notFound
                case .methodNotAllowed: .method
                case .contentTooLarge: .tooLarge
                default: .badRequest
                }
            self.init(error.status, code, "the request is refused: \(error.status.reasonPhrase)")
        // What breaks below us is the connection: a client that hangs up or stops in the middle is no failure of ours.
        case is HTTPParserError, is ChannelError, is NIOCore.IOError:
            self.init(.badRequest, .badRequest, "the connection ended before the request had arrived")
        case is CancellationError:
            self.init(.serviceUnavailable, .unavailable, "the server is stopping; try again in a moment")
        default: self.init(.internalServerError, .inner, "the server could not do it; whoever runs it can read why")
        }
    }

    /// The same form for every route: that of GraphQL's errors.
    private struct Body: Encodable {
        struct One: Encodable {
            struct Extensions: Encodable { let code: String }
            let message: String
            let extensions: Extensions
        }
        let errors: [One]
    }

    func response() -> Response {
        var headers = headers
        headers[.contentType] = "application/json; charset=utf-8"
        let body = Body(errors: [.init(message: message, extensions: .init(code: code.rawValue))])
        // A text of our own can always be encoded.
        let bytes = (try? JSONEncoder().encode(body)) ?? Data()
        return Response(status: status, headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: bytes)))
    }

    func response(from request: Request, context: some RequestContext) throws -> Response { response() }
}

extension HTTPResponse.Status {
    static let insufficientStorage = HTTPResponse.Status(code: 507, reasonPhrase: "Insufficient Storage")
}
