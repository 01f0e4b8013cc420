import Streams

/// Tells from the streams of an OLE2 file whether it is protected by a password.
struct LegacyOffice {
    private var word: Ole2Entry?
    private var workbook: Ole2Entry?
    private var currentUser: Ole2Entry?
    private var hasPackage = false
    private var hasEncryptionInfo = false
    private var hasEncryptedSummary = false

    /// Remembers the streams that matter.
    mutating func note(_ path: String, _ entry: Ole2Entry) {
        switch path {
        case "WordDocument": word = entry
        case "Workbook", "Book": workbook = workbook ?? entry
        case "Current User": currentUser = entry
        case "EncryptedPackage": hasPackage = true
        case "EncryptionInfo": hasEncryptionInfo = true
        case "EncryptedSummary", "EncryptedSummaryInformation": hasEncryptedSummary = true
        default: break
        }
    }

    /// Looks at the few bytes that say so.
    func encryption(
        _ file: inout Ole2File, _ reader: inout WindowReader<some ByteSource>, _ bytes: inout Scratch
    ) throws -> Encryption? {
        // [MS-OFFCRYPTO] §2.3: an OOXML package in an OLE2 wrapper.
        if hasPackage, hasEncryptionInfo { return .officePackage }
        if let word, try read(word, 32, &file, &reader, &bytes),
            bytes.bytes.u16(0) == 0xA5EC || bytes.bytes.u16(0) == 0xA5DC,
            bytes.bytes.u16(10) & 0x0100 != 0
        {
            // [MS-DOC] §2.5.2: FibBase.fEncrypted.
            return .word
        }
        if let workbook, try read(workbook, 4096, &file, &reader, &bytes), hasPasswordRecord(bytes.bytes) {
            return .excel
        }
        if let currentUser, try read(currentUser, 32, &file, &reader, &bytes), bytes.bytes.u32(12) == 0xF3D1_C4DF {
            // [MS-PPT] §2.3.2: CurrentUserAtom.headerToken of an encrypted document.
            return .powerPoint
        }
        return hasEncryptedSummary && currentUser != nil ? .powerPoint : nil
    }

    private func read(
        _ entry: Ole2Entry, _ count: Int, _ file: inout Ole2File, _ reader: inout WindowReader<some ByteSource>,
        _ bytes: inout Scratch
    ) throws -> Bool {
        _ = try file.read(entry, limit: count, into: &bytes, &reader)
        return bytes.count >= min(count, 32)
    }

    /// [MS-XLS] §2.4.117: a FilePass record among the first ones after BOF.
    private func hasPasswordRecord(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var at = 0
        for _ in 0..<16 {
            guard at + 4 <= bytes.count else { return false }
            let kind = bytes.u16(at)
            if at == 0, kind != 0x0809, kind != 0x0409, kind != 0x0209 { return false }
            if kind == 0x002F { return true }
            at += 4 + bytes.u16(at + 2)
        }
        return false
    }
}
