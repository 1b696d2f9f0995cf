//! The one catalogue of codes: problems (what a whole answer says) and faults (what one field says).
//!
//! A code is a promise to clients: add, never rename. `title` is short and stable; the texts of
//! faults may have `{places}`.

use actix_web::http::StatusCode;

use super::text::Text;

macro_rules! problem_codes {
    ($($(#[$doc:meta])* $name:ident $code:literal $status:ident $en:literal $zh:literal;)*) => {
        /// Problems of a request as a whole.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code { $($(#[$doc])* #[doc = $en] $name,)* }

        impl Code {
            /// Every code, for the document and for tests.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The code in JSON.
            pub fn code(self) -> &'static str { match self { $(Self::$name => $code,)* } }

            /// The HTTP status that always goes with it.
            pub fn status(self) -> StatusCode { match self { $(Self::$name => StatusCode::$status,)* } }

            /// Its title.
            pub fn title(self) -> Text { match self { $(Self::$name => Text::new($en, $zh),)* } }
        }
    };
}

problem_codes! {
    MalformedRequest "malformed_request" BAD_REQUEST "The request is not HTTP as it should be" "请求不符合 HTTP 规范";
    MalformedJson "malformed_json" BAD_REQUEST "The body is not JSON" "请求体不是有效的 JSON";
    InvalidRequest "invalid_request" BAD_REQUEST "The request has faults, of form among them" "请求有误(含格式错误)";
    BadCursor "bad_cursor" BAD_REQUEST "The cursor is not one of this list for this caller" "游标无效或不属于此查询";
    BadIdempotencyKey "bad_idempotency_key" BAD_REQUEST "Idempotency-Key must be 1 to 64 plain characters, and is not taken here otherwise" "Idempotency-Key 应为 1 至 64 个普通字符,且此处不一定支持";
    DistrictRequired "district_required" BAD_REQUEST "Say which district: you can reach several" "请指明区县:您可访问多个区县";
    BadIfMatch "bad_if_match" BAD_REQUEST "If-Match is not an entity tag" "If-Match 不是有效的实体标签";
    BadIfNoneMatch "bad_if_none_match" BAD_REQUEST "If-None-Match is not an entity tag" "If-None-Match 不是有效的实体标签";
    Unauthenticated "unauthenticated" UNAUTHORIZED "Sign in first" "请先登录";
    BadCredentials "bad_credentials" UNAUTHORIZED "The user name or the password is wrong" "用户名或密码错误";
    InvalidToken "invalid_token" UNAUTHORIZED "The token is not valid or not valid any more" "令牌无效或已过期";
    Forbidden "forbidden" FORBIDDEN "Your roles don't allow this" "您的角色无权进行此操作";
    KeyOutOfScope "key_out_of_scope" FORBIDDEN "This API key is not for this" "该 API 密钥不能用于此操作";
    OutOfArea "out_of_area" FORBIDDEN "That area is outside your own" "该区域不在您的管辖范围内";
    GrantTooWide "grant_too_wide" FORBIDDEN "Nobody grants a role or an area wider than his own" "不能授予超出自身权限的角色或区域";
    ApprovalRequired "approval_required" FORBIDDEN "Plain data of more than 200 people: a second person must agree first (POST /v1/export-requests), for each file anew" "未脱敏数据超过 200 人:须先由第二人批准(POST /v1/export-requests),每次导出均须重新批准";
    AccountDeactivated "account_deactivated" UNAUTHORIZED "The account was deactivated; what the phone still holds can be handed in for 14 days" "账号已停用,14 天内仍可上交手机中未同步的数据";
    PasswordChangeRequired "password_change_required" FORBIDDEN "Change the one-time password first" "请先修改一次性密码";
    NotFound "not_found" NOT_FOUND "There is nothing here for you" "未找到";
    MethodNotAllowed "method_not_allowed" METHOD_NOT_ALLOWED "This path doesn't take that method" "此路径不支持该方法";
    RequestTimeout "request_timeout" REQUEST_TIMEOUT "The request did not arrive in time" "请求接收超时";
    BatchAborted "batch_aborted" FAILED_DEPENDENCY "Not written because another item of the atomic batch can't be" "同一原子批次中有其他项无法写入,因此未写入";
    RecordExists "record_exists" CONFLICT "A record of this id exists with other content" "相同编号的记录已存在,内容不同";
    ReportExists "report_exists" CONFLICT "This store has a report of that day; amend it" "该门店当日已有报表,请修订该报表";
    IdTaken "id_taken" CONFLICT "This id is taken" "该编号已被占用";
    RecordVoided "record_voided" CONFLICT "The record is void and can't be changed; restore it first" "记录已作废,不能修改,请先恢复";
    InUse "in_use" CONFLICT "Others depend on the record" "该记录仍被其他记录使用";
    TooMuchHeld "too_much_held" CONFLICT "Too much of this account is held or in conflict already; mend or discard some first" "该账号待处理的数据过多,请先处理或放弃一部分";
    StillRunning "still_running" CONFLICT "It is still running" "仍在进行中";
    AlreadyEnded "already_ended" CONFLICT "This was settled already" "该项已处理完毕";
    NotReleased "not_released" CONFLICT "The case was not released" "该个案尚未解除观察";
    AlreadyMerged "already_merged" CONFLICT "This person was merged into another one already" "此人已合并至他人";
    UsernameTaken "username_taken" CONFLICT "This user name is taken" "用户名已被占用";
    WriteConflict "write_conflict" CONFLICT "Others kept changing the same record; send the request again" "记录被多次并发修改,请重试";
    Stale "stale" PRECONDITION_FAILED "The record was changed since you read it" "记录在您读取后已被修改";
    ResyncRequired "resync_required" GONE "The server was restored to an earlier time; pull everything anew" "服务器已恢复到较早的时间点,请重新全量同步";
    BodyTooLarge "body_too_large" PAYLOAD_TOO_LARGE "The body is too large" "请求体过大";
    UnsupportedMediaType "unsupported_media_type" UNSUPPORTED_MEDIA_TYPE "Send application/json" "请使用 application/json";
    IdempotencyKeyReused "idempotency_key_reused" UNPROCESSABLE_ENTITY "The Idempotency-Key was used for another request" "该 Idempotency-Key 已用于其他请求";
    SpansDistricts "spans_districts" UNPROCESSABLE_ENTITY "An atomic batch must stay within one district" "原子批次必须在同一区县内";
    UnreadableFile "unreadable_file" UNPROCESSABLE_ENTITY "The file can't be read as what it is said to be" "文件无法按所声明的格式读取";
    UnknownColumns "unknown_columns" UNPROCESSABLE_ENTITY "The header has columns that can't be taken" "表头中有无法识别的列";
    TooManyRows "too_many_rows" UNPROCESSABLE_ENTITY "Too many rows for a workbook; take CSV or NDJSON, or narrow the filter" "行数超出工作簿上限,请使用 CSV 或 NDJSON,或缩小筛选范围";
    TooManyFaults "too_many_faults" UNPROCESSABLE_ENTITY "The file has more than 10,000 faults: mend its form before its rows" "文件错误超过 10000 处,请先修正文件格式";
    Unprocessable "unprocessable" UNPROCESSABLE_ENTITY "The request has faults" "请求内容有误";
    CellTooLong "cell_too_long" UNPROCESSABLE_ENTITY "A cell is too long for a workbook; take CSV or NDJSON" "有单元格内容超出工作簿上限,请使用 CSV 或 NDJSON";
    IfMatchRequired "if_match_required" PRECONDITION_REQUIRED "Say which revision you change: send If-Match" "请通过 If-Match 说明所修改的版本";
    TooManyRequests "too_many_requests" TOO_MANY_REQUESTS "Too many requests; wait a little" "请求过于频繁,请稍候";
    HeadersTooLarge "headers_too_large" REQUEST_HEADER_FIELDS_TOO_LARGE "The request's head is too large" "请求头过大";
    Internal "internal" INTERNAL_SERVER_ERROR "Something is wrong with the service; it has been logged" "服务内部错误,已记录";
    Unavailable "unavailable" SERVICE_UNAVAILABLE "The service can't do this just now; send it again" "服务暂时不可用,请稍后重试";
    LedgerUnavailable "ledger_unavailable" SERVICE_UNAVAILABLE "The district's ledger takes no writes; nothing was stored" "该区县账本当前不可写入,未保存任何内容";
}

macro_rules! fault_codes {
    ($($name:ident $code:literal $form:literal $en:literal $zh:literal;)*) => {
        /// Faults of one field.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum FaultCode { $(#[doc = $en] $name,)* }

        impl FaultCode {
            /// Every code, for the document and for tests.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The code in JSON.
            pub fn code(self) -> &'static str { match self { $(Self::$name => $code,)* } }

            /// The fault of a code; one that isn't listed is a bad form.
            pub fn of_code(code: &str) -> Self { match code { $($code => Self::$name,)* _ => Self::BadFormat } }

            /// Whether it is a fault of form: one of those makes the answer a 400.
            pub fn is_of_form(self) -> bool { match self { $(Self::$name => $form,)* } }

            /// Its message.
            pub fn message(self) -> Text { match self { $(Self::$name => Text::new($en, $zh),)* } }
        }
    };
}

fault_codes! {
    UnknownField "unknown_field" true "there is no such field here" "没有此字段";
    DuplicateField "duplicate_field" true "the field is given more than once" "字段重复";
    UnknownParameter "unknown_parameter" true "there is no such query parameter" "没有此查询参数";
    RepeatedParameter "repeated_parameter" true "the query parameter is given more than once" "查询参数重复";
    OnlyInFiles "only_in_files" false "is for files: ask for CSV, NDJSON or XLSX" "仅适用于文件导出(CSV、NDJSON、XLSX)";
    OnlyInPages "only_in_pages" false "is for pages, not for files" "仅适用于分页,不适用于文件导出";
    BeyondHead "beyond_head" false "is beyond the newest change number" "超出最新变更号";
    BadParameter "bad_parameter" true "the value of the query parameter can't be read" "查询参数的值无法识别";
    NulCharacter "nul_character" true "text must not contain the NUL character" "文本不得包含 NUL 字符";
    BadSyntax "bad_syntax" true "is no JSON at line {line}, column {column}" "第 {line} 行第 {column} 列不是有效的 JSON";
    TooDeep "too_deep" true "is nested deeper than {max} levels" "嵌套超过 {max} 层";
    NotAnObject "not_an_object" true "an object is expected" "应为 JSON 对象";
    Required "required" false "is required" "必填";
    NotNull "not_null" false "can't be null" "不能为空";
    ReadOnly "read_only" false "is set by the server" "由服务器填写,不能提交";
    CreateOnly "create_only" false "can't be changed afterwards" "创建后不能修改";
    WrongType "wrong_type" false "must be of type {type}" "类型应为 {type}";
    TooShort "too_short" false "must have at least {min} characters" "至少 {min} 个字符";
    TooLong "too_long" false "must have at most {max} characters" "最多 {max} 个字符";
    TooMany "too_many" false "must have at most {max} items" "最多 {max} 项";
    TooFew "too_few" false "must have at least {min} items" "至少 {min} 项";
    OutOfRange "out_of_range" false "must be from {min} to {max}" "应在 {min} 至 {max} 之间";
    TooManyDecimals "too_many_decimals" false "must have at most {scale} decimal places" "最多 {scale} 位小数";
    BadFormat "bad_format" false "doesn't have the right form" "格式不正确";
    ControlCharacter "control_character" false "must not contain control characters" "不得包含控制字符";
    NotInVocabulary "not_in_vocabulary" false "must be one of: {words}" "应为以下之一:{words}";
    RepeatedItem "repeated_item" false "is listed more than once" "重复项";
    MaskedValue "masked_value" false "is a masked value, not the real one" "这是脱敏后的值,不是真实值";
    UnknownReference "unknown_reference" false "names nothing that you can reach" "所引用的对象不存在或不在您的范围内";
    UnknownAccount "unknown_account" false "names no active account that may answer there" "账号不存在、已停用或不在该区域履职";
    UnknownArea "unknown_area" false "is no known area code" "未知的行政区划代码";
    WrongKindOfPlace "wrong_kind_of_place" false "must be a place of one of these kinds: {kinds}" "场所类型应为:{kinds}";
    ExclusiveFields "exclusive_fields" false "must not be given together with {other}" "不能与 {other} 同时填写";
    NotWithOthers "not_with_others" false "excludes all other items" "不能与其他选项同时选择";
    ChecksumMismatch "checksum_mismatch" false "the check digit is wrong: a digit was mistyped" "校验码不符:号码可能有误";
    ObsoleteDocument "obsolete_15_digit" false "15-digit cards are not valid any more" "15 位身份证号码已停用";
    BadBirthDate "bad_birth_date" false "contains a date of birth that doesn't exist" "其中的出生日期不存在";
    BirthInFuture "birth_in_future" false "contains a date of birth in the future" "其中的出生日期晚于今天";
    BirthTooLongAgo "birth_too_long_ago" false "contains a date of birth more than 150 years ago" "其中的出生日期早于 150 年前";
    UnknownProvince "unknown_province" false "begins with a province that doesn't exist" "省份代码不存在";
    ClosedCategory "closed_category" false "is kept in a closed scope that doesn't exist yet" "该类别属于封闭范围,暂不开放";
    WrongPassword "wrong_password" false "is not the current password" "当前密码不正确";
    WeakPassword "weak_password" false "is too easy to guess" "密码过于简单";
    SamePassword "same_password" false "must differ from the current one" "新密码不能与当前密码相同";
    UnknownColumn "unknown_column" false "no column of this name belongs here" "不认识的列";
    RepeatedColumn "repeated_column" false "means the same as another column" "与其他列含义重复";
    UnreadableRow "unreadable_row" false "the row can't be read: a quote is left open, or it is far too long" "该行无法读取:引号未闭合或内容过长";
    LostDigits "lost_digits" false "a number lost its last digits in the spreadsheet; format the column as text" "数字在表格中已丢失末位,请将该列设为文本格式后重填";
    ErrorCell "error_cell" false "a cell shows an error of the spreadsheet" "单元格为表格错误值";
    MoreCells "more_cells" false "the row has more cells than the header" "该行单元格多于表头";
    OneOf "one_of" false "give exactly one of: {fields}" "应且仅应填写以下之一:{fields}";
    SamePerson "same_person" false "is the same person" "为同一人";
    NotMerged "not_merged" false "was not merged" "未曾合并";
    MergeCycle "merge_cycle" false "was itself merged into this one" "对方已合并至此人,将形成循环";
    InvalidOrder "invalid_order" false "must not be before {other}" "不能早于 {other}";
    PeriodTooLong "period_too_long" false "must be at most {hours} hours later" "时长不能超过 {hours} 小时";
    TooManyDays "too_many_days" false "must be less than {days} days after the first" "与起始日相距应少于 {days} 天";
    InThePast "in_the_past" false "must lie in the future" "应晚于当前时间";
    TooFarAhead "too_far_ahead" false "must be at most {days} days ahead" "最多为 {days} 天之后";
    IllegalTransition "illegal_transition" false "can't be reached from {state}; from there lead: {legal}" "不能由 {state} 转入;可转入:{legal}";
    NoticeMissing "notice_missing" false "needs a signed observation notice" "须先签订医学观察告知书";
    SupervisorsMissing "supervisors_missing" false "needs all five supervisors; without one: {levels}" "须落实五级监管责任人,尚缺:{levels}";
    TooEarly "too_early" false "must not be before {from}" "不得早于 {from}";
    DaysUnaccounted "days_unaccounted" false "readings are missing without a reason on: {days}; give one by waiving their duties" "以下日期测温缺失且无说明:{days};请在责任清单中逐项说明";
    AnchorImplausible "anchor_implausible" false "must be observed for {days} days; known of or shown by records are {known}: correct the anchor, hand in what shows the days before, or go on observing" "应观察 {days} 天,有据可查的仅 {known} 天:请更正起算日期、补报此前的记录或继续观察";
    DayImplausible "day_implausible" false "must lie within {days} days of when it happened" "与发生时间相距不得超过 {days} 天";
    OnlyByTransition "only_by_transition" false "changes only by a transition: {to}" "只能通过状态变更修改:{to}";
    CaseClosed "case_closed" false "the case has ended; only the command's `corrected` changes it" "该个案已结束,只能由指挥部通过 corrected 更正";
    ActiveCaseExists "active_case_exists" false "this person has an open case already" "此人已有进行中的个案";
    SlotTaken "slot_taken" false "this slot of the day has its reading; send it as extra" "该时段已有测温记录,请按加测上报";
    TransitionStands "transition_stands" false "a transition isn't voided; make another one" "状态变更不能作废,请另作变更";
    NothingToAccept "nothing_to_accept" false "nothing waits to be accepted from here: it is for those to whom the case was handed over" "没有待您处接收的移交个案,应由接收地办理";
    OtherCase "other_case" false "belongs to another case" "属于其他个案";
    AmbiguousName "ambiguous_name" false "several have this name; give the id" "存在重名,请填写编号";
    DiffersWithinRecord "differs_within_record" false "differs from the row above of the same record" "与同一记录的上一行不一致";
    UncountedFormula "uncounted_formula" false "the formula has no result; open the workbook and save it" "公式没有计算结果,请打开文件重新保存";
    NotIdentified "not_identified" false "doesn't say who: give the document's number, or name and phone" "无法确定人员,请填写证件号码,或姓名和电话";
    LunarDay "lunar_day" false "a day of the lunar calendar; give it as 2020-02-03" "农历日期,请改为公历,如 2020-02-03";
    NotAnArea "not_an_area" false "no area of the district has this name" "辖区内没有该名称的区划";
    AmbiguousArea "ambiguous_area" false "several areas have this name: {areas}" "存在重名区划:{areas}";
    OtherRowFaulty "other_row_faulty" false "another row of the same record has faults; mend and send them together" "同一记录的其他行有误,请一并修正后重新提交";
    UnknownUnit "unknown_unit" false "can't be converted to {unit}; one of these can: {units}" "无法换算为 {unit};可用:{units}";
    NotForZero "not_for_zero" false "a report of nothing has no lines" "零报告不应包含明细";
    ReportExists "report_exists" false "this store has a report of that day: {location}" "该门店当日已有报表:{location}";
    InsufficientStock "insufficient_stock" false "only {available} {unit} would be there on {day}" "{day} 可用库存仅 {available} {unit}";
    Overlaps "overlaps" false "overlaps with another shift of this person, from {from} to {to}" "与此人 {from} 至 {to} 的班次重叠";
    TooLittleRest "too_little_rest" false "leaves less than {minutes} minutes of rest to another shift" "与另一班次间隔不足 {minutes} 分钟";
    DailyLimit "daily_limit" false "makes more than 24 hours on {day}" "{day} 服务时长将超过 24 小时";
    Full "full" false "this role has all it needs" "该岗位人数已满";
    NotNeeded "not_needed" false "the shift doesn't need this role" "该班次不需要此岗位";
    LacksRole "lacks_role" false "this person isn't listed for the role" "此人未登记该岗位";
    AlreadyAssigned "already_assigned" false "this person has this shift already" "此人已排入该班次";
    AlreadyCheckedIn "already_checked_in" false "this assignment has a check-in already" "该排班已有签到记录";
    Inactive "inactive" false "this person takes no shifts now" "此人已停用,不参与排班";
    Ended "ended" false "the shift has ended or doesn't take place" "班次已结束或已取消";
    ShiftMoved "shift_moved" false "the shift begins at {starts_at} now; look again" "班次已调整至 {starts_at} 开始,请重新查看";
    TooLate "too_late" false "can be given up until {until}; ask the organiser" "须在 {until} 前取消,请联系排班负责人";
    RefersToOther "refers_to_other" false "belongs to another place" "属于其他场所";
    NotAnswerable "not_answerable" false "is proven by a record, not by a note" "须由记录证明,不能以文字答复";
    NotAbnormal "not_abnormal" false "nothing about this passage is abnormal" "该次通行无异常";
    MoreThanAsked "more_than_asked" false "is more than was asked for" "超过需求数量";
    InUse "in_use" false "has {cases} open cases, {duties} open duties and {contacts} records of his isolation; end or void those first" "尚有 {cases} 个进行中的个案、{duties} 项未完成责任、{contacts} 条观察记录,请先处理";
    PersonVoided "person_voided" false "is void; restore the person first" "此人的登记已作废,请先恢复";
    TallyOverlaps "tally_overlaps" false "overlaps with another tally of this checkpoint" "与该卡点另一时段计数重叠";
    Cyclic "cyclic" false "would make a circle of parents" "上级关系形成循环";
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn codes_are_unique_and_in_two_languages() {
        let codes: Vec<_> = Code::ALL.iter().map(|code| code.code()).collect();
        assert_eq!(codes.iter().collect::<HashSet<_>>().len(), codes.len());
        let faults: Vec<_> = FaultCode::ALL.iter().map(|code| code.code()).collect();
        assert_eq!(faults.iter().collect::<HashSet<_>>().len(), faults.len());
        for text in Code::ALL.iter().map(|c| c.title()).chain(FaultCode::ALL.iter().map(|c| c.message())) {
            assert!(text.en.is_ascii(), "{}", text.en);
            assert!(!text.zh.is_ascii(), "{}", text.zh);
        }
    }
}
