import HTTPTypes
import Hummingbird
import TDRCore

/// What goes wrong with a page.
enum PageError: Error, HTTPResponseError {
    /// Nobody has signed in, or the session has ended.
    case signedOut
    /// The change comes from another site, or from a page of an earlier session.
    case otherSite
    /// A form that cannot be read.
    case badForm

    var status: HTTPResponse.Status {
        switch self {
        case .signedOut: .unauthorized
        case .otherSite: .forbidden
        case .badForm: .badRequest
        }
    }

    func response(from request: Request, context: some RequestContext) throws -> Response {
        switch self {
        case .signedOut: APIError(status, .notAuthenticated, "you are signed out; sign in again").response()
        case .otherSite:
            APIError(status, .notAuthorised, "the change does not come from a page of this session").response()
        case .badForm: APIError(status, .badRequest, "the form cannot be read").response()
        }
    }
}
