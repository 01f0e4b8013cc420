import Streams
import TDRCore

/// What is said to people of what the library refuses: in the words of the pages, which name no commands.
extension PageTexts {
    /// The text for an error; nil where the pages have none, and its own message has to do.
    func said(of error: any Error) -> String? {
        guard let (key, values) = PageTexts.fault(error), let text = groups["fault"]?[key] else { return nil }
        return filled(text, values)
    }

    /// The key of an error's text, and the values that it names.
    private static func fault(_ error: any Error) -> (String, [String: String])? {
        switch error {
        case let error as DeliveryError: fault(error)
        case let error as PeopleError: fault(error)
        case let error as RepairError: fault(error)
        case let error as ReviewError: fault(error)
        case let error as QuarantineError: fault(error)
        case let error as APIError: ("\(error.code.rawValue)", [:])
        case MetadataError.protected(let name): ("protectedProperty", ["name": String(name.prefix(100))])
        case AgreementError.unknownLegalStatus: ("unknownLegalStatus", [:])
        case AgreementError.exported: ("agreementExported", [:])
        case StoreError.cancelled: ("cancelled", [:])
        case StoreError.illegalMove: ("illegalMove", [:])
        case StoreError.full: ("full", [:])
        case let error as StoreError where error.isBusy: ("busy", [:])
        case is CancellationError: ("stopping", [:])
        default: nil
        }
    }

    private static func fault(_ error: DeliveryError) -> (String, [String: String])? {
        switch error {
        case .badPath(let path, let why): ("badPath", ["path": path, "why": why])
        case .badDeclaration(let path, let why): ("badDeclaration", ["path": path.display, "why": why])
        case .duplicatePath(let path): ("duplicatePath", ["path": path.display])
        case .clash(let path): ("clash", ["path": path.display])
        case .tooManyFiles(let count): ("tooManyFiles", ["count": Pages.number(count)])
        case .fileTooLarge(let path, _, let limit):
            ("fileTooLarge", ["path": path.display, "limit": "\(limit)"])
        case .consignmentTooLarge(_, let limit): ("consignmentTooLarge", ["limit": "\(limit)"])
        case .receivedDifferently(let path): ("receivedDifferently", ["path": path.display])
        case .noFiles: ("noFiles", [:])
        case .unknownSeries: ("unknownSeries", [:])
        case .noBody: ("noBody", [:])
        case .mismatch: ("mismatch", [:])
        case .wrongSize(let declared, let received):
            ("wrongSize", ["declared": "\(declared)", "received": "\(received)"])
        case .wrongOffset: ("wrongOffset", [:])
        case .beingSent: ("beingSent", [:])
        case .tooLittleRoom: ("tooLittleRoom", [:])
        // These say what is in the way as it is.
        case .wrongState, .badExportData: nil
        }
    }

    private static func fault(_ error: PeopleError) -> (String, [String: String])? {
        switch error {
        case .loginTaken(let login): ("loginTaken", ["login": login])
        case .unknownLogin(let login): ("unknownLogin", ["login": login])
        case .badLogin(let login): ("badLogin", ["login": login])
        case .badName(let what): ("badName", ["what": what])
        case .unknownBody(let code): ("unknownBody", ["code": code])
        case .bodyTaken(let name): ("bodyTaken", ["name": name])
        case .seriesTaken(let code): ("seriesTaken", ["code": code])
        case .bodyMissing(let role): ("bodyMissing", ["role": role.rawValue])
        case .weakPassword(let why): ("weakPassword", ["why": why])
        case .unknownToken(let name, let login): ("unknownToken", ["name": name, "login": login])
        case .tokenNameTaken(let name, let login): ("tokenNameTaken", ["name": name, "login": login])
        case .expiresInThePast: ("expiresInThePast", [:])
        case .noRole(let login): ("noRole", ["login": login])
        case .keptOut(let login): ("keptOut", ["login": login])
        case .notTheProviders(let login): ("notTheProviders", ["login": login])
        case .lastAdministrator(let login): ("lastAdministrator", ["login": login])
        }
    }

    private static func fault(_ error: RepairError) -> (String, [String: String])? {
        switch error {
        case .notUploaded: ("notUploaded", [:])
        case .exported(_, let begun): (begun ? "exportBegun" : "exported", [:])
        case .unknownPath(_, let path): ("unknownPath", ["path": path.display])
        case .lastFile: ("lastFile", [:])
        // What they tell of is not on pages.
        case .badSource, .badPlace, .ambiguous, .refused: nil
        }
    }

    private static func fault(_ error: ReviewError) -> (String, [String: String])? {
        switch error {
        case .notesTooLong(let count):
            ("notesTooLong", ["count": Pages.number(count), "most": Pages.number(ReviewError.longestNotes)])
        case .notesMissing: ("notesMissing", [:])
        case .notNow(_, _, let reason): ("reviewNotNow", ["why": reason])
        }
    }

    private static func fault(_ error: QuarantineError) -> (String, [String: String])? {
        switch error {
        case .notThere(_, let path): ("notInQuarantine", ["path": path.display])
        case .notHeld(_, let path, let state):
            ("notHeld", ["path": path.display, "state": state.rawValue.lowercased()])
        }
    }
}

extension Pages {
    /// A message of the library as a sentence: with a capital in front and a full stop behind.
    static func sentence(_ text: String) -> String {
        guard let first = text.first else { return text }
        let out = first.uppercased() + text.dropFirst()
        return ".?!".contains(out.last ?? ".") ? out : out + "."
    }

    /// What is said to people of an error: in the words of the pages, else in its own.
    func sentence(of error: any Error) -> String {
        Pages.sentence(texts.said(of: error) ?? "\((error as? APIError)?.message ?? "\(error)")")
    }

    /// What was wrong with a form, when it is for the visitor to put right; nil when it is not.
    func complaint(_ error: any Error) -> String? {
        switch error {
        case is PeopleError, is RepairError, is MetadataError, is ReviewError, is QuarantineError:
            return sentence(of: error)
        case DeliveryError.fileTooLarge, DeliveryError.consignmentTooLarge: return sentence(of: error)
        default: break
        }
        switch APIError(error).code {
        case .invalidInput, .invalidState, .conflict: return sentence(of: error)
        default: return nil
        }
    }
}
