import json


def lambda_handler(event, context):
    body = json.loads(event['body'])
    return {
        'statusCode': 200,
        'headers': {'content-type': 'application/json'},
        'body': json.dumps('Hello, ' + body['name']),
    }
