//! Codes: problems (what a whole answer says) and faults (what one field says). Each layer and each theme declares its
//! own, with [`problem_codes!`](crate::problem_codes) and [`fault_codes!`](crate::fault_codes); here are those that the
//! packages at the bottom raise. The server knows all of them by the lists that come with the declarations.
//!
//! A code is a promise to clients: add, never rename. `title` is short and stable; the texts of
//! faults may have `{places}`.

use std::fmt;
use std::hash::{Hash, Hasher};

pub use actix_web::http::StatusCode;

use super::text::Text;

/// Problem of a request as a whole: the name of its description. Two are equal whose codes are.
#[derive(Clone, Copy)]
pub struct Code(&'static ProblemDescription);

/// All that is said of a problem.
pub struct ProblemDescription {
    /// The code in JSON.
    pub code: &'static str,
    /// The HTTP status that always goes with it.
    pub status: StatusCode,
    /// Its title.
    pub title: Text,
}

impl Code {
    /// The problem of this description; declared by [`problem_codes!`](crate::problem_codes).
    pub const fn new(description: &'static ProblemDescription) -> Self {
        Self(description)
    }

    /// The code in JSON.
    pub fn code(self) -> &'static str {
        self.0.code
    }

    /// The HTTP status that always goes with it.
    pub fn status(self) -> StatusCode {
        self.0.status
    }

    /// Its title.
    pub fn title(self) -> Text {
        self.0.title
    }
}

/// Fault of one field: the name of its description. Two are equal whose codes are.
#[derive(Clone, Copy)]
pub struct FaultCode(&'static FaultDescription);

/// All that is said of a fault.
pub struct FaultDescription {
    code: &'static str,
    message: Text,
    is_of_form: bool,
    problem: Option<Code>,
}

impl FaultDescription {
    /// A fault of content with its message.
    pub const fn new(code: &'static str, message: Text) -> Self {
        Self { code, message, is_of_form: false, problem: None }
    }

    /// Makes it a fault of form: one of those makes the answer a 400.
    #[must_use]
    pub const fn of_form(mut self) -> Self {
        self.is_of_form = true;
        self
    }

    /// Names the problem that the answer is where the ledger meets this fault; else it is the content's.
    #[must_use]
    pub const fn answered_with(mut self, problem: Code) -> Self {
        self.problem = Some(problem);
        self
    }
}

impl FaultCode {
    /// The fault of this description; declared by [`fault_codes!`](crate::fault_codes).
    pub const fn new(description: &'static FaultDescription) -> Self {
        Self(description)
    }

    /// The code in JSON.
    pub fn code(self) -> &'static str {
        self.0.code
    }

    /// Whether it is a fault of form: one of those makes the answer a 400.
    pub fn is_of_form(self) -> bool {
        self.0.is_of_form
    }

    /// The problem that the answer is where the ledger meets this fault, if it is one of its own.
    pub fn problem(self) -> Option<Code> {
        self.0.problem
    }

    /// Its message.
    pub fn message(self) -> Text {
        self.0.message
    }
}

macro_rules! equal_by_code {
    ($name:ty) => {
        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                self.code() == other.code()
            }
        }

        impl Eq for $name {}

        impl Hash for $name {
            fn hash<H: Hasher>(&self, state: &mut H) {
                self.code().hash(state);
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(self.code())
            }
        }
    };
}

equal_by_code!(Code);
equal_by_code!(FaultCode);

/// Declares problems, each a constant, and the list of them: `NAME "code" STATUS "title" "题名";`.
#[macro_export]
macro_rules! problem_codes {
    ($list:ident; $($name:ident $code:literal $status:ident $en:literal $zh:literal;)*) => {
        $(#[doc = $en] pub const $name: $crate::catalogue::Code = $crate::problem_codes!(@ $code $status $en $zh);)*

        /// Every problem that is declared here.
        pub const $list: &[$crate::catalogue::Code] = &[$($crate::problem_codes!(@ $code $status $en $zh),)*];
    };
    (@ $code:literal $status:ident $en:literal $zh:literal) => {{
        const DESCRIPTION: $crate::catalogue::ProblemDescription = $crate::catalogue::ProblemDescription {
            code: $code,
            status: $crate::catalogue::StatusCode::$status,
            title: $crate::text::Text::new($en, $zh),
        };
        $crate::catalogue::Code::new(&DESCRIPTION)
    }};
}

/// Declares faults, each a constant, and the list of them: `NAME "code" "message" "说明";`, and behind the texts what
/// else is to be said of it ([`FaultDescription`](crate::catalogue::FaultDescription)): `.answered_with(PROBLEM)`.
#[macro_export]
macro_rules! fault_codes {
    ($list:ident; $($name:ident $code:literal $en:literal $zh:literal $(. $more:ident ($($value:path)?))?;)*) => {
        $(#[doc = $en] pub const $name: $crate::catalogue::FaultCode =
            $crate::fault_codes!(@ $code $en $zh $(. $more ($($value)?))?);)*

        /// Every fault that is declared here.
        pub const $list: &[$crate::catalogue::FaultCode] =
            &[$($crate::fault_codes!(@ $code $en $zh $(. $more ($($value)?))?),)*];
    };
    (@ $code:literal $en:literal $zh:literal $(. $more:ident ($($value:path)?))?) => {{
        const DESCRIPTION: $crate::catalogue::FaultDescription =
            $crate::catalogue::FaultDescription::new($code, $crate::text::Text::new($en, $zh))$(.$more($($value)?))?;
        $crate::catalogue::FaultCode::new(&DESCRIPTION)
    }};
}

/// Problems that the packages at the bottom raise.
impl Code {
    problem_codes! {
        ALL;
        MALFORMED_REQUEST "malformed_request" BAD_REQUEST "The request is not HTTP as it should be" "请求不符合 HTTP 规范";
        MALFORMED_JSON "malformed_json" BAD_REQUEST "The body is not JSON" "请求体不是有效的 JSON";
        INVALID_REQUEST "invalid_request" BAD_REQUEST "The request has faults, of form among them" "请求有误(含格式错误)";
        BAD_CURSOR "bad_cursor" BAD_REQUEST "The cursor is not one of this list for this caller" "游标无效或不属于此查询";
        BAD_IF_MATCH "bad_if_match" BAD_REQUEST "If-Match is not an entity tag" "If-Match 不是有效的实体标签";
        REQUEST_TIMEOUT "request_timeout" REQUEST_TIMEOUT "The request did not arrive in time" "请求接收超时";
        WRITE_CONFLICT "write_conflict" CONFLICT "Others kept changing the same record; send the request again" "记录被多次并发修改,请重试";
        STALE "stale" PRECONDITION_FAILED "The record was changed since you read it" "记录在您读取后已被修改";
        BODY_TOO_LARGE "body_too_large" PAYLOAD_TOO_LARGE "The body is too large" "请求体过大";
        UNPROCESSABLE "unprocessable" UNPROCESSABLE_ENTITY "The request has faults" "请求内容有误";
        TOO_MANY_REQUESTS "too_many_requests" TOO_MANY_REQUESTS "Too many requests; wait a little" "请求过于频繁,请稍候";
        INTERNAL "internal" INTERNAL_SERVER_ERROR "Something is wrong with the service; it has been logged" "服务内部错误,已记录";
        UNAVAILABLE "unavailable" SERVICE_UNAVAILABLE "The service can't do this just now; send it again" "服务暂时不可用,请稍后重试";
        LEDGER_UNAVAILABLE "ledger_unavailable" SERVICE_UNAVAILABLE "The district's ledger takes no writes; nothing was stored" "该区县账本当前不可写入,未保存任何内容";
    }
}

/// Faults that the packages at the bottom raise.
impl FaultCode {
    fault_codes! {
        ALL;
        UNKNOWN_FIELD "unknown_field" "there is no such field here" "没有此字段" .of_form();
        DUPLICATE_FIELD "duplicate_field" "the field is given more than once" "字段重复" .of_form();
        UNKNOWN_PARAMETER "unknown_parameter" "there is no such query parameter; there is: {parameters}" "没有此查询参数,可用:{parameters}" .of_form();
        REPEATED_PARAMETER "repeated_parameter" "the query parameter is given more than once" "查询参数重复" .of_form();
        BAD_PARAMETER "bad_parameter" "the value of the query parameter can't be read" "查询参数的值无法识别" .of_form();
        NUL_CHARACTER "nul_character" "text must not contain the NUL character" "文本不得包含 NUL 字符" .of_form();
        BAD_SYNTAX "bad_syntax" "is no JSON at line {line}, column {column}" "第 {line} 行第 {column} 列不是有效的 JSON" .of_form();
        TOO_DEEP "too_deep" "is nested deeper than {max} levels" "嵌套超过 {max} 层" .of_form();
        NOT_AN_OBJECT "not_an_object" "an object is expected" "应为 JSON 对象" .of_form();
        REQUIRED "required" "is required" "必填";
        NOT_NULL "not_null" "can't be null" "不能为空";
        READ_ONLY "read_only" "is set by the server" "由服务器填写,不能提交";
        WRONG_TYPE "wrong_type" "must be of type {type}" "类型应为 {type}";
        TOO_SHORT "too_short" "must have at least {min} characters" "至少 {min} 个字符";
        TOO_LONG "too_long" "must have at most {max} characters" "最多 {max} 个字符";
        TOO_MANY "too_many" "must have at most {max} items" "最多 {max} 项";
        TOO_FEW "too_few" "must have at least {min} items" "至少 {min} 项";
        OUT_OF_RANGE "out_of_range" "must be from {min} to {max}" "应在 {min} 至 {max} 之间";
        TOO_MANY_DECIMALS "too_many_decimals" "must have at most {scale} decimal places" "最多 {scale} 位小数";
        BAD_FORMAT "bad_format" "doesn't have the right form" "格式不正确";
        CONTROL_CHARACTER "control_character" "must not contain control characters" "不得包含控制字符";
        NOT_IN_VOCABULARY "not_in_vocabulary" "must be one of: {words}" "应为以下之一:{words}";
        NEVER_NONE "never_none" "can't be sought by none: every record has a value here" "不能按 none 查询:每条记录都有此项";
        REPEATED_ITEM "repeated_item" "is listed more than once" "重复项";
        CLOSED_CATEGORY "closed_category" "is kept in a closed scope that doesn't exist yet" "该类别属于封闭范围,暂不开放";
    }
}
