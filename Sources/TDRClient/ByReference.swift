/// What `getConsignmentByReference` answers: nothing where there is no such consignment, or where it is another's.
struct ByReference<Consignment: Decodable>: Decodable {
    private let getConsignmentByReference: Consignment?

    /// The consignment.
    ///
    /// - Throws: ``ClientError/answered(_:code:)``: there is none for this person.
    func consignment(_ reference: String) throws -> Consignment {
        guard let consignment = getConsignmentByReference else {
            throw ClientError.answered(
                "there is no consignment '\(reference)' of yours on this server; `tdr status` lists them", code: "")
        }
        return consignment
    }
}
