/// Something that a user says once instead of with every command: in the environment or in the configuration file.
struct Setting: Sendable {
    /// What a setting is worth without anybody's word.
    enum Fallback: Sendable {
        /// Always this.
        case value(String)
        /// What this says in words depends on the machine or the account.
        case words(String)
        /// Nothing.
        case none
    }

    /// The key in the configuration file, as in `contactName`.
    let name: String
    /// The environment variable, as in `TDR_CONTACT_NAME`.
    let variable: String
    let about: String
    var fallback: Fallback = .none
    /// Never shown.
    var isSecret = false

    init(
        _ name: String, _ variable: String, _ about: String, _ fallback: Fallback = .none, isSecret: Bool = false
    ) {
        self.name = name
        self.variable = variable
        self.about = about
        self.fallback = fallback
        self.isSecret = isSecret
    }

    /// All there are. Keys for S3 are not among them: they come from AWS's own variables and files.
    static let all: [Setting] = [
        Setting("store", "TDR_STORE", "the folder of the store", .words("$XDG_DATA_HOME/tdr, else ~/.local/share/tdr")),
        Setting(
            "antivirus", "TDR_ANTIVIRUS", "the engines that every check asks: clamd, yara, or none", .value("auto")),
        Setting("clamd", "TDR_CLAMD", "the socket of clamd, its clamd.conf, or HOST:PORT", .words("the usual places")),
        Setting(
            "formatPolicy", "TDR_FORMAT_POLICY", "a JSON file that says which formats are refused", .value("built in")),
        Setting("metadataSchema", "TDR_METADATA_SCHEMA", "the JSON Schema of metadata", .value("built in")),
        Setting("legalStatus", "TDR_LEGAL_STATUS", "the legal status of the records of every upload"),
        Setting("agreement", "TDR_AGREEMENT", "the agreement file of every upload"),
        Setting("exportRequires", "TDR_EXPORT_REQUIRES", "what every export requires beside clean checks"),
        Setting("judgmentTo", "TDR_JUDGMENT_TO", "where judgments are exported to when their checks end clean"),
        Setting("refuseLike", "TDR_REFUSE_LIKE", "likenesses that no export may have: content, name"),
        Setting("advice", "TDR_ADVICE", "a JSON file with other words for findings", .value("built in")),
        Setting("contactName", "TDR_CONTACT_NAME", "who transfers, as the bag names them", .words("of the account")),
        Setting("contactEmail", "TDR_CONTACT_EMAIL", "their e-mail address", .words("account@host")),
        Setting("server", "TDR_SERVER", "the server to work through"),
        Setting("token", "TDR_TOKEN", "the token for it", isSecret: true),
        Setting("serverCA", "TDR_SERVER_CA", "the authority behind the server's certificate", .words("the machine's")),
        Setting("oidcSecret", "TDR_OIDC_SECRET", "what proves the server to an OpenID provider", isSecret: true),
        Setting("noticeWebhook", "TDR_NOTICE_WEBHOOK", "where notices are posted", isSecret: true),
        Setting("noticeSecret", "TDR_NOTICE_SECRET", "what signs them", isSecret: true),
        Setting("noticeCommand", "TDR_NOTICE_COMMAND", "the command that gets notices"),
        Setting("noticeFile", "TDR_NOTICE_FILE", "the file that notices are added to"),
        Setting("noticeSMTP", "TDR_NOTICE_SMTP", "the mail relay for notices, host:port"),
        Setting("noticeMailFrom", "TDR_NOTICE_MAIL_FROM", "from whom they come"),
        Setting("noticeMailTo", "TDR_NOTICE_MAIL_TO", "to whom they go, separated by commas"),
    ]
}
