//! The same with messages and services as they are generated, rules and all.

use gannet::validate::{Validated, Violations};
use gannet::{Code, Replies, Request, Response, Server, Status, Streaming};
use gannet_e2e_tests::probe::PROBE_SERVICE;
use gannet_e2e_tests::ruled::{Item, OldName, Order, RULED_SERVICE, Ruled, RuledClient, RuledServer};

use crate::support::{Running, paused};

struct Orders;

impl Ruled for Orders {
    async fn old(&self, request: Request<OldName>) -> Result<Response<Order>, Status> {
        Ok(Order { customer: request.into_inner().name, ..Order::default() }.into())
    }

    async fn place(&self, request: Request<Order>) -> Result<Response<Order>, Status> {
        Ok(request.into_inner().into())
    }

    async fn place_all(
        &self,
        mut requests: Request<Streaming<Order>>,
        mut replies: Replies<Order>,
    ) -> Result<(), Status> {
        while let Some(order) = requests.next().await? {
            replies.send(order).await?;
        }
        Ok(())
    }
}

fn item(amount: i32) -> Item {
    Item { amount }
}

fn valid() -> Order {
    Order { customer: "zhangsan".to_owned(), items: vec![item(1)], ..Order::default() }
}

#[test]
fn the_older_dialect_has_the_words_of_the_original() {
    paused(async {
        let running = Running::start(Server::new().validate().add(RuledServer::new(Orders)));
        let client = RuledClient::new(running.channel().lazy().unwrap());
        let name = |name: &str| OldName { name: name.to_owned() };
        assert_eq!(client.old(name("zzz")).await.unwrap().customer, "zzz");
        let status = client.old(name("zhangsan")).await.unwrap_err();
        let text = "invalid field Name: value 'zhangsan' must be a string conforming to regex \"^[z]{2,5}$\"";
        assert_eq!((status.code(), status.message()), (Code::InvalidArgument, text));
        assert!(status.details().is_empty());
    });
}

#[test]
fn rules_of_fields_messages_and_what_they_hold_are_told_with_their_paths() {
    paused(async {
        let running = Running::start(Server::new().validate().add(RuledServer::new(Orders)));
        let client = RuledClient::new(running.channel().lazy().unwrap());
        client.place(valid()).await.unwrap();
        let mut order = Order { gift: true, customer: "z".to_owned(), ..valid() };
        order.items.push(item(0));
        order.extras.insert("a \"b\"".to_owned(), item(-1));
        let status = client.place(order.clone()).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument);
        let violations = Violations::from_status(&status).unwrap();
        let told: Vec<_> = violations
            .iter()
            .map(|violation| (violation.field.to_string(), &*violation.rule_id, violation.rule.to_string()))
            .collect();
        let expected = [
            ("", "order.gift", ""),
            ("customer", "string.min_len", "string.min_len"),
            ("items[1].amount", "int32.gt", "int32.gt"),
            ("extras[\"a \\\"b\\\"\"].amount", "int32.gt", "int32.gt"),
        ];
        assert_eq!(told, expected.map(|(field, id, rule)| (field.to_owned(), id, rule.to_owned())));

        let (mut requests, mut replies) = client.place_all().open();
        requests.send(valid()).await.unwrap();
        assert_eq!(replies.next().await.unwrap(), Some(valid()));
        requests.send(order).await.unwrap();
        assert_eq!(replies.next().await.unwrap_err().message(), status.message());
        drop(requests);
    });
}

#[test]
fn what_the_client_finds_is_what_the_server_would_have_said() {
    paused(async {
        let running = Running::start(Server::new().validate().add(RuledServer::new(Orders)));
        let told = RuledClient::new(running.channel().lazy().unwrap());
        let found = RuledClient::new(running.channel().validate().lazy().unwrap());
        let order = Order { gift: true, ..Order::default() };
        let (told, found) =
            (told.place(order.clone()).await.unwrap_err(), found.place(order).await.unwrap_err());
        assert_eq!((told.code(), told.message()), (found.code(), found.message()));
        assert_eq!(told.details(), found.details());
    });
}

#[test]
fn methods_are_described_with_checks_where_their_messages_have_rules() {
    let checks: Vec<_> = RULED_SERVICE
        .methods
        .iter()
        .chain(PROBE_SERVICE.methods)
        .map(|method| method.request_check.is_some() && method.reply_check.is_some())
        .collect();
    assert_eq!(checks, [true, true, true, false, false, false, false]);
}

#[test]
fn the_proof_of_validation_is_for_valid_messages() {
    let order = Validated::new(valid()).unwrap();
    assert_eq!(order.customer, "zhangsan");
    let invalid = Validated::new(Order::default()).unwrap_err();
    assert_eq!(Status::from(invalid).code(), Code::InvalidArgument);
}
