import FoundationEssentials
import Glibc
import Streams

/// `config.json`: one JSON object whose keys are the names of ``Setting``s.
struct ConfigurationFile: Sendable {
    /// Why a configuration file is not followed. Nothing is done then: half of a configuration is none.
    struct Fault: Error, CustomStringConvertible {
        let path: BytePath
        let reason: String
        var description: String { "cannot use the configuration '\(path.display)': \(reason)" }
    }

    private static let mostBytes = 1 << 20

    let path: BytePath
    /// By environment variable.
    let values: [String: String]
    /// Whether there is one.
    let isThere: Bool

    /// Reads the file; one that is not there says nothing, unless it `mustBeThere`.
    ///
    /// - Throws: ``Fault`` for one that cannot be read, is no JSON object, has a key that no setting has, or a value that
    ///   is neither a text, a number nor true or false.
    init(_ path: BytePath, mustBeThere: Bool) throws(Fault) {
        self.path = path
        let bytes: [UInt8]
        do {
            bytes = try readWhole(path, limit: ConfigurationFile.mostBytes)
        } catch {
            guard error.code == ENOENT || error.code == ENOTDIR, !mustBeThere else {
                throw Fault(path: path, reason: error.reason)
            }
            values = [:]
            isThere = false
            return
        }
        let entries: [String: Value]
        do {
            entries = try JSONDecoder().decode([String: Value].self, from: Data(bytes))
        } catch {
            throw Fault(
                path: path,
                reason: "it is not one JSON object of names with texts, numbers, true or false, as in"
                    + " {\"contactName\": \"Jo Doe\"}")
        }
        var values: [String: String] = [:]
        for (name, value) in entries.sorted(by: { $0.key < $1.key }) {
            guard let setting = Setting.all.first(where: { $0.name == name }) else {
                throw Fault(
                    path: path,
                    reason: "there is no setting '\(displayName(of: Array(name.utf8)))'; `tdr config` lists them")
            }
            values[setting.variable] = value.text
        }
        self.values = values
        isThere = true
    }

    /// A text, or what stands for one.
    private struct Value: Decodable {
        let text: String

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let text = try? container.decode(String.self) {  // tried in turn: JSON has no type before it is asked
                self.text = text
            } else if let flag = try? container.decode(Bool.self) {
                text = "\(flag)"
            } else {
                text = "\(try container.decode(Int64.self))"
            }
        }
    }
}
