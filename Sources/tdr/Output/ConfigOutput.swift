import Streams
import TDRCore

/// A setting with what it is worth now.
struct SettingInUse: Sendable {
    /// Where a value comes from.
    enum Source: String, Sendable {
        case option, environment, file, byDefault = "default"
    }

    let setting: Setting
    /// Nil where there is none, and for what only words can tell.
    let value: String?
    let source: Source

    /// What may be shown.
    var shown: String {
        if let value { return setting.isSecret ? "(set, not shown)" : value }
        return switch setting.fallback {
        case .value(let text): text
        case .words(let text): "(\(text))"
        case .none: "(none)"
        }
    }
}

/// `tdr config` as text.
enum ConfigText {
    static func lines(_ settings: [SettingInUse], _ file: ConfigurationFile) -> [String] {
        let rows = settings.map { one in
            let source =
                switch one.source {
                case .environment: "environment, \(one.setting.variable)"
                case .option, .file, .byDefault: one.source.rawValue
                }
            return [one.setting.name, displayName(of: Array(one.shown.utf8)), source, one.setting.about]
        }
        return Text.table([["SETTING", "VALUE", "FROM", "WHAT IT IS"]] + rows)
            + ["", "file: \(file.path.display)\(file.isThere ? "" : " (not there)")"]
    }
}

/// `tdr config --json`.
struct ConfigOutput: Encodable {
    struct Entry: Encodable {
        let name: String
        let variable: String
        let about: String
        /// Absent for a secret, and where there is none.
        let value: String?
        let isSet: Bool
        /// `option`, `environment`, `file` or `default`.
        let source: String
    }

    let file: String
    let fileIsThere: Bool
    let settings: [Entry]

    init(_ settings: [SettingInUse], _ file: ConfigurationFile) {
        self.file = file.path.display
        fileIsThere = file.isThere
        self.settings = settings.map { one in
            let byDefault: String? = if case .value(let text) = one.setting.fallback { text } else { nil }
            return Entry(
                name: one.setting.name, variable: one.setting.variable, about: one.setting.about,
                value: one.setting.isSecret ? nil : one.value ?? byDefault, isSet: one.value != nil,
                source: one.source.rawValue)
        }
    }
}
