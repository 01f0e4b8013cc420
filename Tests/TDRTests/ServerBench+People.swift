import Streams
import TDRTestSupport
import Testing

extension ServerBench {
    /// The token of a new user with these roles, good for all that they allow.
    func token(of login: String, _ roles: String, body: String = "TDR-MOCK1") throws -> String {
        let added = try bench.tdr(
            "user", "add", "\(login)", "--name", "Some \(login)", "--email", "\(login)@example.org", "--body",
            "\(body)", "--role", "\(roles)")
        try #require(added.code == 0, "\(added.errors)")
        let scopes = "read,transfer,check,export,review,service,admin"
        return try bench.tdr("user", "token", "\(login)", "--name", "t", "--scope", "\(scopes)").line
    }

    /// What the mutation `name` gives.
    func change(_ name: String, _ arguments: String, _ selection: String = "", as login: String) throws -> JSONValue {
        try field("mutation { \(name)(\(arguments)) \(selection) }", name, as: login)
    }

    /// The code of the error with which the mutation `name` is refused; nil when it is not.
    func refusal(
        _ name: String, _ arguments: String, _ selection: String = "", as login: String
    ) throws -> String? {
        try ask("mutation { \(name)(\(arguments)) \(selection) }", as: login).code
    }

    /// Sends the bytes of a declared file.
    func put(_ bytes: [UInt8], _ consignment: String, _ file: String, as login: String) throws -> Answer {
        let piece = try bench.folder.make("piece", .file(bytes))
        return try send(["-T", Argument(piece), "\(url)/consignments/\(consignment)/files/\(file)"], as: login)
    }

    /// A consignment of `maria` whose files have arrived and were checked.
    func checked(_ files: [(path: String, bytes: [UInt8])]) throws -> (id: String, files: [String]) {
        let mine = try begun(files)
        for (file, id) in zip(files, mine.files) {
            let sent = try put(file.bytes, mine.id, id, as: "maria")
            try #require(sent.status == 201, "\(sent.text)")
        }
        _ = try wait(
            """
            { getConsignment(consignmentid: "\(mine.id)") { isBeingWorkedOn consignmentStatuses { statusType value } } }
            """, "getConsignment"
        ) { value in
            ["ServerChecksum", "ServerFFID", "ClientChecks"].allSatisfy { type in
                value["consignmentStatuses"]?.elements.contains {
                    $0["statusType"]?.text == type && $0["value"]?.text != "InProgress"
                } ?? false
            } && value["isBeingWorkedOn"] == .bool(false)
        }
        return mine
    }

    /// A judgment that has been sent, by its id.
    func sentJudgment(_ name: String, _ bytes: [UInt8], as judge: String) throws -> String {
        let id = try #require(
            try change(
                "addConsignment", #"addConsignmentInput: { consignmentType: "judgment" }"#, "{ consignmentid }",
                as: judge)["consignmentid"]?.text)
        _ = try change(
            "addOrUpdateConsignmentMetadata",
            """
            addOrUpdateConsignmentMetadataInput: { consignmentId: "\(id)", consignmentMetadata:
                [{ propertyName: "JudgmentNeutralCitation", value: "[2026] EWCA Civ 1" }] }
            """, "{ value }", as: judge)
        _ = try change(
            "startUpload", #"startUploadInput: { consignmentId: "\#(id)", parentFolder: "" }"#, as: judge)
        let file = try change(
            "addFilesAndMetadata",
            """
            addFilesAndMetadataInput: { consignmentId: "\(id)", metadataInput: [{ originalPath: "\(name)",
                checksum: "\(SHA256Digest.of(bytes))", lastModified: 1600000000000, fileSize: \(bytes.count), matchId: "0" }] }
            """, "{ fileId }", as: judge
        ).elements[0]["fileId"]?.text
        #expect(try put(bytes, id, file ?? "", as: judge).status == 201)
        return id
    }
}
