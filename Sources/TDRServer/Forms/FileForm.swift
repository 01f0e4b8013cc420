import HTTPTypes
import Hummingbird
import NIOCore
import Streams
import TDRCore

/// A form with one file, `multipart/form-data`, whose file is in the store already, hidden.
struct FileForm: Sendable {
    /// The fields.
    let form: Form
    /// The file.
    let file: ReceivedFile
    /// Its name as the browser tells it.
    let fileName: String

    /// Takes a form that one of our pages has sent, as it arrives. The form's token comes before its file, so that nobody
    /// else's bytes are kept for a moment.
    ///
    /// - Throws: ``PageError``, ``APIError``, `DeliveryError`, `SystemFault`.
    static func received(
        _ request: Request, _ context: APIContext, in archive: Archive, atMost limit: Int64
    ) async throws -> FileForm {
        guard let type = request.headers[.contentType], let reader = MultipartReader(contentType: type) else {
            throw PageError.badForm
        }
        guard let visitor = context.visitor else { throw PageError.otherSite }
        // Browsers say how long a form is, and by that it is known whether there is room for it.
        guard let announced = request.headers[.contentLength].flatMap({ Int64($0) }) else { throw PageError.badForm }
        guard announced <= limit else { throw tooLarge(limit) }
        return try await withTaskExecutorPreference(archive.uploadThreads) {
            var intake = FormIntake(
                reader: reader, visitor: visitor, store: archive.store, expected: announced, limit: limit)
            do {
                for try await buffer in request.body {
                    try buffer.withUnsafeReadableBytes { try intake.feed($0) }
                    archive.metrics.received(bytes: buffer.readableBytes)
                }
                return try intake.finish()
            } catch is MultipartReader.Fault {
                throw PageError.badForm
            }
        }
    }

    fileprivate static func tooLarge(_ limit: Int64) -> APIError {
        APIError(.contentTooLarge, .tooLarge, "the file is larger than the \(sizeText(limit)) that are taken here")
    }
}

/// Sorts what arrives into fields and the one file.
private struct FormIntake {
    private var reader: MultipartReader
    private let visitor: Visitor
    private let store: Store
    private let expected: Int64
    private let limit: Int64

    private var fields: [String: [String]] = [:]
    private var fieldCount = 0
    private var fieldBytes = 0
    /// The field that is being read; nil within the file.
    private var field: (name: String, bytes: [UInt8])?
    private var file: ReceivedFile?
    private var fileName = ""

    init(reader: MultipartReader, visitor: Visitor, store: Store, expected: Int64, limit: Int64) {
        self.reader = reader
        self.visitor = visitor
        self.store = store
        self.expected = expected
        self.limit = limit
    }

    mutating func feed(_ bytes: UnsafeRawBufferPointer) throws {
        // The reader is taken out while it calls back.
        var reader = self.reader
        defer { self.reader = reader }
        try reader.feed(bytes) { try take($0) }
    }

    func finish() throws -> FileForm {
        try reader.finish()
        let form = Form(fields: fields)
        guard visitor.owns(form["csrf"]) else { throw PageError.otherSite }
        guard let file else { throw PageError.badForm }
        return FileForm(form: form, file: file, fileName: fileName)
    }

    private mutating func take(_ event: MultipartReader.Event) throws {
        switch event {
        case .part(let name, let fileName?):
            guard file == nil, name == "file" else { throw PageError.badForm }
            guard visitor.owns(Form(fields: fields)["csrf"]) else { throw PageError.otherSite }
            file = try ReceivedFile(in: store, expected: expected)
            self.fileName = fileName
            field = nil
        case .part(let name, nil):
            fieldCount += 1
            guard fieldCount <= Form.fieldLimit else { throw PageError.badForm }
            field = (name, [])
        case .bytes(let bytes):
            if field != nil {
                fieldBytes += bytes.count
                guard fieldBytes <= Form.limit else { throw PageError.badForm }
                field?.bytes.append(contentsOf: bytes)
            } else if let file {
                try file.write(bytes)
                if file.count > limit { throw FileForm.tooLarge(limit) }
            }
        case .end:
            guard let (name, bytes) = field else { return }
            guard let text = String(validating: bytes, as: UTF8.self) else { throw PageError.badForm }
            fields[name, default: []].append(text)
            field = nil
        }
    }
}
