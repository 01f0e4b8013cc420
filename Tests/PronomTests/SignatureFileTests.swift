import Pronom
import Streams
import Testing

@Suite struct SignatureFileTests {
    private func warnings(_ signature: String) throws -> [String] {
        try SignatureXML([.init(puid: "fmt/1", signatures: [signature])]).compiled().warnings.map(\.reason)
    }

    @Test("drops a subsequence without Sequence with a warning, as in one copy of V120")
    func missingSequence() throws {
        let signature = "<ByteSequence Reference='BOFoffset'><SubSequence Position='1'/></ByteSequence>"
        #expect(try warnings(signature) == ["dropped: it has no Sequence"])
    }

    @Test("drops what it cannot read and keeps the rest")
    func others() throws {
        #expect(try warnings("") == ["dropped: it has no ByteSequence"])
        #expect(try warnings("<ByteSequence Reference='Middle'/>") == ["dropped: the reference 'Middle' is unknown"])
        #expect(try warnings("<ByteSequence Reference='BOFoffset'/>") == ["dropped: it has no SubSequence"])
        #expect(try warnings(SignatureXML.old("00", max: 99_000_000)).count == 1)
        #expect(try warnings(SignatureXML.old("00*11")) == ["dropped: a subsequence with an open gap inside"])
    }

    @Test("reports signatures that no format refers to, as the 22 of V109")
    func unreferenced() throws {
        let xml = SignatureXML(sequence: "4D5A").binary.replacing(
            "<InternalSignatureID>101</InternalSignatureID>", with: "")
        let compiled = try SignatureCompiler.compile(
            binary: SignatureDocument(name: "b", bytes: Array(xml.utf8)), container: nil)
        #expect(compiled.warnings.map(\.description) == ["binary signature 101: dropped: no format refers to it"])
    }

    @Test("refuses documents that are no signature files")
    func refused() {
        func fault(_ text: String) -> SignatureFileFault? {
            do throws(SignatureFileFault) {
                _ = try SignatureCompiler.compile(
                    binary: SignatureDocument(name: "b", bytes: Array(text.utf8)), container: nil)
                return nil
            } catch { return error }
        }
        #expect(fault("") != nil)
        #expect(fault("<FFSignatureFile>") != nil)
        #expect(fault("<html/>") == .unexpectedRoot(found: "html", expected: "FFSignatureFile"))
        #expect(fault("<!DOCTYPE a [<!ENTITY b 'c'>]><FFSignatureFile/>") == .documentType)
        #expect(fault(String(repeating: "<a>", count: 100)) == .tooLarge)
    }

    @Test("says which files a set was compiled from")
    func identity() throws {
        var xml = SignatureXML(sequence: "4D5A")
        xml.containers = [("fmt/9", "ZIP", [("a", "")])]
        let set = try xml.set()
        #expect(set.binaryFile.name == "binary.xml")
        #expect(set.binaryFile.version == "7")
        #expect(set.binaryFile.date == "2026-01-01T00:00:00")
        #expect(set.binaryFile.digest == SHA256Digest.of(Array(xml.binary.utf8)))
        #expect(set.containerFile.version == "3")
        #expect(set.containerFile.digest == SHA256Digest.of(Array(xml.container.utf8)))
    }

    @Test("is built with PRONOM V109")
    func bundled() throws {
        let set = try SignatureSet.bundled()
        #expect(set.binaryFile.name == "DROID_SignatureFile_V109.xml")
        #expect(set.binaryFile.version == "109")
        #expect(set.containerFile.name == "container-signature-20200121.xml")
        #expect(set.formatCount == 2246)
        #expect(
            try identify(Array("%PDF-1.4\n%%EOF\n".utf8), with: set, name: "a.pdf").matches.map(\.puid) == ["fmt/18"])
    }
}
