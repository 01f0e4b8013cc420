import Streams

extension Doctor {
    /// Where configurations of clamd usually lie.
    private static let usualConfigurations = [
        "/etc/clamav/clamd.conf", "/etc/clamd.d/scan.conf", "/etc/clamd.conf",
    ]

    func antivirusLines() -> [DoctorLine] {
        if antivirus.engines.isEmpty {
            return [
                DoctorLine("antivirus", .ok, "no antivirus check, by decision (none); every bag will say so")
            ]
        }
        return antivirus.engines.flatMap { engine in
            switch engine {
            case .clamd(let place): clamdLines(place)
            case .yara(let paths): [yaraLine(paths)]
            }
        }
    }

    private func yaraLine(_ paths: [BytePath]) -> DoctorLine {
        do {
            let rules = try YaraRules.compiled(paths, cache: nil)
            let engine = YaraEngine(
                rules, fileSeconds: antivirus.fileSeconds, temporaryFolder: antivirus.temporaryFolder)
            return DoctorLine("yara", .ok, "\(engine.version)")
        } catch {
            return DoctorLine("yara", .wrong, "\(error)", mend: "correct the rules, or leave them out of --yara-rules")
        }
    }

    // MARK: clamd

    private func clamdLines(_ wanted: ClamdPlace?) -> [DoctorLine] {
        let engine: ClamdEngine
        do throws(ClamdFault) {
            engine = try ClamdEngine.find(wanted, antivirus)
        } catch {
            let mend =
                error.kind == .silent
                ? "sudo systemctl restart clamav-daemon"
                : "sudo systemctl enable --now clamav-daemon (or name its place with --clamd)"
            return [DoctorLine("clamd", .wrong, error.reason, mend: mend)]
        }
        let way = engine.takesDescriptors ? "gets open files" : "gets files as a stream"
        let program = "\(engine.version.software) \(engine.version.softwareVersion) at '\(engine.place)', \(way)"
        return [DoctorLine("clamd", .ok, program), databaseLine(engine), limitsLine(engine, wanted)]
    }

    private func databaseLine(_ engine: ClamdEngine) -> DoctorLine {
        let level: DoctorLine.Level = antivirus.requiresFresh ? .wrong : .warning
        let name = engine.version.databaseVersion
        guard let date = engine.databaseDate else {
            return DoctorLine(
                "clamd database", level,
                "clamd does not say how old its database is"
                    + (name.isEmpty ? ": it has no official one" : " (\(name))"), mend: "sudo freshclam")
        }
        let days = Doctor.days(from: date, to: now)
        if days < -1 {
            return DoctorLine(
                "clamd database", level, "\(name) was made in the future, says the clock (\(now))",
                mend: "sudo timedatectl set-ntp true")
        }
        let found = "\(name), \(max(0, days)) days old"
        return days > antivirus.maximumAgeDays
            ? DoctorLine("clamd database", level, found, mend: "sudo freshclam")
            : DoctorLine("clamd database", .ok, found)
    }

    private func limitsLine(_ engine: ClamdEngine, _ wanted: ClamdPlace?) -> DoctorLine {
        let largest = engine.takesDescriptors ? engine.maximumBytes : engine.maximumStreamBytes
        let limit =
            "looks at files up to \(Doctor.size(largest)); larger ones are "
            + (antivirus.oversize == .fail ? "Failed" : "scanned in windows")
        guard let (path, configuration) = configuration(of: engine.place, wanted) else {
            let known =
                antivirus.clamdMaximumBytes == nil ? ", the least that any clamd does" : ", as --clamd-max-size says"
            return DoctorLine(
                "clamd limits", .warning, limit + known + "; whether it tells of limits within archives is not known",
                mend: "name its clamd.conf with --clamd")
        }
        if configuration.alertsExceedsMax { return DoctorLine("clamd limits", .ok, limit) }
        return DoctorLine(
            "clamd limits", .warning,
            limit + "; what lies in an archive beyond its limits it calls clean without a word",
            mend: "put 'AlertExceedsMax yes' into \(Doctor.quoted(path)), then sudo systemctl restart clamav-daemon")
    }

    /// The configuration that names where clamd was found.
    private func configuration(of place: ClamdPlace, _ wanted: ClamdPlace?) -> (BytePath, ClamdConfiguration)? {
        var candidates = Doctor.usualConfigurations.map { BytePath($0) }
        if case .path(let path) = wanted { candidates.insert(path, at: 0) }
        for path in candidates {
            guard let found = ClamdConfiguration(path) else { continue }
            switch place {
            case .path(let socket) where found.socket == socket: return (path, found)
            case .tcp(let host, let port):
                if let tcp = found.tcp, tcp.host == host, tcp.port == port { return (path, found) }
            default: continue
            }
        }
        return nil
    }
}
